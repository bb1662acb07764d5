import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import { hardLinkProblem, type ReferredEntry, verdictProblems } from './entry-agreement.ts';
import type { BlockLocation } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import type { ReadPool } from './read-pool.ts';
import { SnapshotValidator } from './snapshot-validator.ts';
import type { BlockValidation } from './validate-block.ts';

/**
 * Validates all entries of a sealed snapshot by its index, before any member is read: names, order, parents, links, totals,
 * the manifest's counts.
 */
export async function validateSnapshot(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  signal: AbortSignal | undefined,
): Promise<SnapshotValidator> {
  const validator = new SnapshotValidator();
  const window = new OrderedWindow(pool.window);
  for (const block of snapshot.blocks) {
    throwIfAborted(signal);
    await window.add(pool.run({ kind: 'validate', block }), (validation: BlockValidation) => validator.add(validation));
  }
  await window.drain();
  await validateWhole(snapshot, pool, validator);
  return validator;
}

/** What can be validated only when all blocks have been. */
export async function validateWhole(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  validator: SnapshotValidator,
): Promise<void> {
  validator.validateTotals(snapshot.root.totals);
  validator.validateManifest(snapshot.manifest);
  const { statuses } = snapshot.root;
  const entries = await findEntries(snapshot, pool, [
    ...validator.hardLinks.map(({ link }) => link),
    ...statuses.map(({ path }) => path),
  ]);
  for (const link of validator.hardLinks) {
    const problem = hardLinkProblem(link, entries.get(link.link));
    if (problem !== null) validator.found.add(problem);
  }
  validator.found.addAll(verdictProblems(statuses, entries));
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
