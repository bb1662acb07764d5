import { blockEntries } from '../../src/format/index-block.ts';
import { BlockWalker } from '../../src/read/block-walker.ts';
import { readBlock } from '../../src/read/index-reader.ts';
import { openSnapshot } from '../../src/read/open-snapshot.ts';
import { type Problem, problemOf } from '../../src/read/problem.ts';
import type { SnapshotSource } from '../../src/read/snapshot-source.ts';
import { SnapshotValidator } from '../../src/read/snapshot-validator.ts';
import { validateBlock } from '../../src/read/validate-block.ts';
import { walkMembers } from '../../src/read/walk-members.ts';

/**
 * What is wrong with a sealed snapshot: what `verifySnapshot` does, in this thread. Starting threads would take a hundred times as long
 * as the check of a small snapshot.
 */
export async function problemsOf(source: SnapshotSource): Promise<Problem[]> {
  try {
    const snapshot = await openSnapshot(source);
    if (snapshot.kind === 'foreign') throw new Error('taken for an archive from elsewhere');
    const validator = new SnapshotValidator();
    for (const location of snapshot.blocks) {
      const block = readBlock(snapshot.index, location);
      const entries = blockEntries(block);
      validator.add(validateBlock(entries, 'linux', null));
      const walker = new BlockWalker(entries);
      walkMembers(source.fd, location.row.offset, block, walker);
      validator.found.addAll(walker.problems);
    }
    validator.validateTotals(snapshot.root.totals);
    validator.validateManifest(snapshot.manifest);
    return [...validator.problems];
  } catch (error) {
    return [problemOf(error)];
  }
}
