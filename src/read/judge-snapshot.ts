import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import { hardLinkProblem, type ReferredEntry, verdictProblems } from './entry-agreement.ts';
import type { BlockLocation } from './index-reader.ts';
import type { BlockJudgement } from './judge-block.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
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
  const { verdicts } = snapshot.root;
  const entries = await findEntries(snapshot, pool, [
    ...judge.hardLinks.map(({ link }) => link),
    ...verdicts.map(({ path }) => path),
  ]);
  for (const link of judge.hardLinks) {
    const problem = hardLinkProblem(link, entries.get(link.link));
    if (problem !== null) judge.found.add(problem);
  }
  judge.found.addAll(verdictProblems(verdicts, entries));
}

/** Those of these entries that the snapshot holds. */
async function findEntries(
  { blocks }: SealedSnapshot,
  pool: ReadPool,
  paths: readonly string[],
): Promise<ReadonlyMap<string, ReferredEntry>> {
  const wanted = new Map<number, { block: BlockLocation; paths: Set<string> }>();
  for (const path of paths) {
    const block = blocks.blockOf(path);
    if (block === null) continue;
    const of = wanted.get(block.number) ?? { block, paths: new Set() };
    of.paths.add(path);
    wanted.set(block.number, of);
  }
  const entries = new Map<string, ReferredEntry>();
  for (const { block, paths } of wanted.values()) {
    for (const entry of await pool.run({ kind: 'find', block, paths: [...paths] })) entries.set(entry.path, entry);
  }
  return entries;
}
