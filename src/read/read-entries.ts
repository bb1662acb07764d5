import { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { type BlockEntry, blockEntries, type IndexBlock } from '../format/index-block.ts';
import { comparePaths } from '../format/path-order.ts';
import type { EntryFilter } from '../patterns/selection.ts';
import { formatPaths, problemError } from '../validate/problem.ts';
import { validateBlock } from '../validate/validate-block.ts';
import type { BlockLocation } from './index-reader.ts';
import { readBlock } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';

/** Entries in the order of a snapshot, some at a time: waiting for each by itself would take longer than reading it. */
export type EntryRuns = AsyncIterable<readonly Entry[]>;

const NO_FOLDERS: ReadonlySet<string> = new Set();

/** A block of the index whose entries were validated, by themselves and by their place among the blocks. */
export interface ValidatedBlock {
  location: BlockLocation;
  block: IndexBlock;
  entries: BlockEntry[];
}

/**
 * Reads a block and refuses it if anything is wrong with one of its entries.
 *
 * @param number of the block
 * @param platform where the entries would be written
 * @throws BackupError one of kind `invalid`
 */
export async function readValidatedBlock(
  snapshot: SealedSnapshot,
  number: number,
  platform: NodeJS.Platform,
): Promise<ValidatedBlock> {
  const location = await snapshot.blocks.at(number);
  const block = await readBlock(snapshot.index, location);
  const entries = blockEntries(block);
  const [problem] = validateBlock(entries, platform, NO_FOLDERS).problems;
  if (problem !== undefined) throw problemError(problem);
  const next = await snapshot.blocks.firstOf(number + 1);
  if (next !== null && comparePaths(block.path.at(-1) as string, next) >= 0) {
    throw new BackupError('ENTRY_ORDER', `${formatPaths([next])} is in the wrong place of the snapshot`, {
      path: next,
      hint: DAMAGED_HINT,
    });
  }
  return { location, block, entries };
}

/** The blocks that can hold wanted entries, in order. Of pages that cannot none is read. */
export async function* blocksFor(
  { blocks }: SealedSnapshot,
  selection: EntryFilter | null,
): AsyncGenerator<BlockLocation, void, void> {
  for (const [number, { row }] of blocks.pages.entries()) {
    const next = blocks.pages[number + 1]?.row.first ?? null;
    if (selection !== null && !selection.mayHold(row.first, next)) continue;
    const inside = await blocks.blocksOf(number);
    for (const [i, block] of inside.entries()) {
      if (selection?.mayHold(block.row.first, inside[i + 1]?.row.first ?? next) ?? true) yield block;
    }
  }
}
