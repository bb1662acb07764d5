import { SnapshotValidator } from '../validate/snapshot-validator.ts';
import {
  type BlockValidation,
  hardLinkProblem,
  type ReferredEntry,
  statusProblems,
} from '../validate/validate-block.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import type { BlockLocation } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import type { ReadPool } from './read-pool.ts';

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
  const rangesOf = (block: BlockLocation) => [pool.indexRange(block)];
  for await (const { job: block, held } of pool.supply(snapshot.blocks, rangesOf, signal)) {
    throwIfAborted(signal);
    await window.add(pool.run({ kind: 'validate', block, held }), (validation: BlockValidation) =>
      validator.add(validation),
    );
  }
  await window.drain();
  await validateWhole(snapshot, pool, validator, signal);
  return validator;
}

/** What can be validated only when all blocks have been. */
export async function validateWhole(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  validator: SnapshotValidator,
  signal: AbortSignal | undefined,
): Promise<void> {
  validator.validateTotals(snapshot.root.totals);
  validator.validateManifest(snapshot.manifest);
  const { statuses } = snapshot.root;
  const referred = [...validator.hardLinks.map(({ link }) => link), ...statuses.map(({ path }) => path)];
  const entries = await findEntries(snapshot, pool, referred, signal);
  for (const link of validator.hardLinks) {
    const problem = hardLinkProblem(link, entries.get(link.link));
    if (problem !== null) validator.found.add(problem);
  }
  validator.found.addAll(statusProblems(statuses, entries));
}

/** Those of these entries that the snapshot holds. */
async function findEntries(
  { blocks }: SealedSnapshot,
  pool: ReadPool,
  paths: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ReferredEntry>> {
  const wanted = new Map<number, { block: BlockLocation; paths: Set<string> }>();
  for (const path of paths) {
    const block = await blocks.blockOf(path);
    if (block === null) continue;
    const of = wanted.get(block.number) ?? { block, paths: new Set() };
    of.paths.add(path);
    wanted.set(block.number, of);
  }
  const entries = new Map<string, ReferredEntry>();
  const rangesOf = ({ block }: { block: BlockLocation }) => [pool.indexRange(block)];
  for await (const { job, held } of pool.supply(wanted.values(), rangesOf, signal)) {
    const { block, paths } = job;
    for (const entry of await pool.run({ kind: 'find', block, paths: [...paths], held }))
      entries.set(entry.path, entry);
  }
  return entries;
}
