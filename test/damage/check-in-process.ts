import { blockEntries } from '../../src/format/index-block.ts';
import { BlockWalker } from '../../src/read/block-walker.ts';
import { readBlock } from '../../src/read/index-reader.ts';
import { openSnapshot } from '../../src/read/open-snapshot.ts';
import { walkMembers } from '../../src/read/walk-members.ts';
import { readAt } from '../../src/storage/local-file-reader.ts';
import type { RangeReader } from '../../src/storage/range-reader.ts';
import { type Problem, problemOf } from '../../src/validate/problem.ts';
import { SnapshotValidator } from '../../src/validate/snapshot-validator.ts';
import { validateBlock } from '../../src/validate/validate-block.ts';

/**
 * What is wrong with a sealed snapshot: what `verifySnapshot` does, in this thread. Starting threads would take a hundred times as long
 * as the check of a small snapshot.
 */
export async function problemsOf(source: RangeReader): Promise<Problem[]> {
  try {
    const snapshot = await openSnapshot(source);
    if (snapshot.kind === 'foreign') throw new Error('taken for a foreign archive');
    const validator = new SnapshotValidator();
    const read = (offset: number, length: number) => readAt(source.descriptor as number, offset, length);
    for await (const location of snapshot.blocks) {
      const block = await readBlock(snapshot.index, location);
      const entries = blockEntries(block);
      validator.add(validateBlock(entries, 'linux', null));
      const walker = new BlockWalker(entries);
      walkMembers(read, location.row.offset, block, walker);
      validator.found.addAll(walker.problems);
    }
    validator.validateTotals(snapshot.root.totals);
    validator.validateManifest(snapshot.manifest);
    return [...validator.problems];
  } catch (error) {
    return [problemOf(error)];
  }
}
