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
  const wanted = new Map<number, { block: BlockLocation; paths: Set<string> }>();
  for (const { link } of judge.hardLinks) {
    const block = snapshot.blocks.blockOf(link);
    if (block === null) continue;
    const of = wanted.get(block.number) ?? { block, paths: new Set() };
    of.paths.add(link);
    wanted.set(block.number, of);
  }
  const files = new Set<string>();
  for (const { block, paths } of wanted.values()) {
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
