import type { OperationOptions } from '../events.ts';
import { blockEntries } from '../format/index-block.ts';
import { BlockWalker } from '../read/block-walker.ts';
import { type BlockLocation, readBlock } from '../read/index-reader.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import { ReadPool } from '../read/read-pool.ts';
import { locateMembers, wantedRange } from '../read/walk-members.ts';
import { walkParallel } from '../read/walk-parallel.ts';
import type { FileRange } from '../storage/read-ahead.ts';
import { addUnheld } from '../system/entry-time.ts';
import { HERE } from '../system/platform.ts';
import { problemError } from '../validate/problem.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { OrderedWindow } from '../workers/window.ts';
import type { BlockPlan, ExtractionPlan } from './extraction-plan.ts';
import type { Extracted, ExtractJob } from './restore-worker.ts';
import type { ExtractedTree } from './tree-writer.ts';
import { emptyTree, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

const RESTORE_WORKER = new URL('./restore-worker.js', import.meta.url);

/** Starts threads that read a snapshot and write what they read into a tree. */
export function startRestorePool(
  snapshot: SealedSnapshot,
  threads: number | undefined,
  blocks: AsyncIterable<BlockLocation>,
): Promise<ReadPool> {
  return ReadPool.start(snapshot, HERE.os, { threads, blocks, worker: RESTORE_WORKER });
}

/**
 * Writes the entries of a plan into a tree, each verified before it is taken for restored. Links and directories' attributes are left to
 * `makeLinks` and `finishDirectories`.
 *
 * @throws BackupError with the first problem; what was written until then is worth nothing
 */
export async function extractSealed(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  plan: ExtractionPlan,
  options: TreeWriterOptions,
  { signal, onEvent }: OperationOptions,
): Promise<ExtractedTree> {
  const whole = emptyTree();
  onEvent?.({ type: 'phase', phase: 'extract' });
  const window = new OrderedWindow(pool.window);
  const rangesOf = (blockPlan: BlockPlan) => planRanges(snapshot, pool, blockPlan);
  for await (const { job: blockPlan, held } of pool.supply(plan.blocks, rangesOf, signal)) {
    throwIfAborted(signal);
    const { block, only } = blockPlan;
    const extracted: Promise<Extracted> = pool.isLed(block)
      ? extractParallel(snapshot, pool, blockPlan, options, signal)
      : pool.runOther<ExtractJob, Extracted>({ kind: 'extract', block, tree: options, only, held });
    await window.add(extracted, ({ tree, problems: [problem] }) => {
      if (problem !== undefined) throw problemError(problem);
      for (const directory of tree.directories) whole.directories.push(directory);
      for (const link of tree.links) whole.links.push(link);
      whole.files += tree.files;
      whole.bytes += tree.bytes;
      addUnheld(whole.unheldTimes, tree.unheldTimes);
      onEvent?.({
        type: 'progress',
        phase: 'extract',
        entries: whole.files + whole.directories.length + whole.links.length,
        bytes: whole.bytes,
        totalEntries: plan.entries,
        totalBytes: plan.bytes,
      });
    });
  }
  await window.drain();
  return whole;
}

/** What of the file has to be read for a part of a plan: of a block that is not wanted as a whole, the members that hold what is. */
async function planRanges(snapshot: SealedSnapshot, pool: ReadPool, { block, only }: BlockPlan): Promise<FileRange[]> {
  if (only === null || pool.isLed(block)) return pool.blockRanges(block);
  const wanted = new Set(only);
  const index = await readBlock(snapshot.index, block);
  const members = locateMembers(block.row.offset, index, (number) => wanted.has(number));
  return [pool.indexRange(block), ...members.map(wantedRange).filter((range) => range !== null)];
}

async function extractParallel(
  snapshot: SealedSnapshot,
  pool: ReadPool,
  { block: location, only }: BlockPlan,
  options: TreeWriterOptions,
  signal: AbortSignal | undefined,
): Promise<Extracted> {
  const block = await readBlock(snapshot.index, location);
  const writer = new TreeWriter(options);
  const walker = new BlockWalker(blockEntries(block), writer, only === null ? null : (number) => only.includes(number));
  try {
    await walkParallel(pool, { offset: location.row.offset, block }, walker, signal);
  } finally {
    writer.finish();
  }
  return { tree: writer.finish(), problems: walker.problems };
}
