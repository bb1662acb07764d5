import { blockEntries } from '../../src/format/index-block.ts';
import { BlockWalker } from '../../src/read/block-walker.ts';
import { readBlock } from '../../src/read/index-reader.ts';
import { judgeBlock } from '../../src/read/judge-block.ts';
import { openSnapshot } from '../../src/read/open-snapshot.ts';
import { type Problem, problemOf } from '../../src/read/problem.ts';
import { SnapshotJudge } from '../../src/read/snapshot-judge.ts';
import type { SnapshotSource } from '../../src/read/snapshot-source.ts';
import { walkMembers } from '../../src/read/walk-members.ts';

/**
 * What is wrong with a sealed snapshot: what `verifySnapshot` does, in this thread. Starting threads would take a hundred times as long
 * as the check of a small snapshot.
 */
export async function problemsOf(source: SnapshotSource): Promise<Problem[]> {
  try {
    const snapshot = await openSnapshot(source);
    if (snapshot.kind === 'unsealed') throw new Error('taken for an archive from elsewhere');
    const judge = new SnapshotJudge();
    for (const location of snapshot.blocks) {
      const block = readBlock(snapshot.index, location);
      const entries = blockEntries(block);
      judge.add(judgeBlock(entries, 'linux', null));
      const walker = new BlockWalker(entries);
      walkMembers(source.fd, location.row.offset, block, walker);
      judge.found.addAll(walker.problems);
    }
    judge.judgeTotals(snapshot.root.totals);
    judge.judgeManifest(snapshot.manifest);
    return [...judge.problems];
  } catch (error) {
    return [problemOf(error)];
  }
}
