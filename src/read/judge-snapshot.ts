import { comparePaths } from '../format/path-order.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import type { BlockLocation } from './index-reader.ts';
import type { BlockJudgement } from './judge-block.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { type Problem, someOf } from './problem.ts';
import type { ReadPool } from './read-pool.ts';
import { SnapshotJudge } from './snapshot-judge.ts';

/**
 * Judges all entries of a sealed snapshot by its index, before any member is read: names, order, parents, links, totals,
 * the manifest's counts.
 */
export async function judgeSnapshot(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  signal: AbortSignal | undefined,
): Promise<SnapshotJudge> {
  const judge = new SnapshotJudge();
  const window = new OrderedWindow(pool.window);
  for (const block of snapshot.blocks) {
    throwIfAborted(signal);
    await window.add(pool.run({ kind: 'judge', block }), (judgement: BlockJudgement) => judge.add(judgement));
  }
  await window.drain();
  await judgeWhole(snapshot, pool, judge);
  return judge;
}

/** What can be judged only when all blocks have been. */
export async function judgeWhole(snapshot: SealedSnapshot, pool: ReadPool, judge: SnapshotJudge): Promise<void> {
  judge.judgeTotals(snapshot.root.totals);
  judge.judgeManifest(snapshot.manifest);
  judge.found.addAll(await hardLinkProblems(snapshot, pool, judge));
}

/** Hard links to what is no file entry before them. */
async function hardLinkProblems(snapshot: SealedSnapshot, pool: ReadPool, judge: SnapshotJudge): Promise<Problem[]> {
  const wanted = new Map<BlockLocation, Set<string>>();
  for (const { link } of judge.hardLinks) {
    const block = blockOfPath(snapshot.blocks, link);
    if (block === undefined) continue;
    const paths = wanted.get(block) ?? new Set();
    wanted.set(block, paths.add(link));
  }
  const files = new Set<string>();
  for (const [block, paths] of wanted) {
    for (const path of await pool.run({ kind: 'files', block, paths: [...paths] })) files.add(path);
  }
  return judge.hardLinks
    .filter(({ path, link }) => !files.has(link) || comparePaths(link, path) >= 0)
    .map(({ path }) => ({
      code: 'UNSAFE_LINK',
      message: `${someOf([path])} is a hard link to what is no file before it`,
      paths: [path],
    }));
}

/** The block that holds a path, if any does: the last one that does not begin behind it. */
function blockOfPath(blocks: readonly BlockLocation[], path: string): BlockLocation | undefined {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths((blocks[middle] as BlockLocation).row.first, path) <= 0) low = middle + 1;
    else high = middle;
  }
  return blocks[low - 1];
}
