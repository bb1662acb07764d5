import { BackupError } from '../errors.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { type BlockEntry, blockEntries, type IndexBlock } from '../format/index-block.ts';
import { comparePaths } from '../format/path-order.ts';
import { type BlockLocation, readBlock } from './index-reader.ts';
import { judgeBlock } from './judge-block.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { problemError, someOf } from './problem.ts';
import type { Selection } from './selection.ts';

/** A block of the index whose entries were judged, by themselves and by their place among the blocks. */
export interface JudgedBlock {
  location: BlockLocation;
  block: IndexBlock;
  entries: BlockEntry[];
}

/**
 * Reads a block and refuses it if anything is wrong with one of its entries.
 *
 * @param number of the block
 * @param platform where the entries would be written
 * @throws BackupError one of the codes whose exit status is 4
 */
export function readJudgedBlock(snapshot: SealedSnapshot, number: number, platform: NodeJS.Platform): JudgedBlock {
  const location = snapshot.blocks[number] as BlockLocation;
  const block = readBlock(snapshot.index, location);
  const entries = blockEntries(block);
  const [problem] = judgeBlock(entries, platform).problems;
  if (problem !== undefined) throw problemError(problem);
  const behind = snapshot.blocks[number + 1]?.row.first;
  if (behind !== undefined && comparePaths(block.path.at(-1) as string, behind) >= 0) {
    throw new BackupError('ENTRY_ORDER', `${someOf([behind])} stands in the wrong place of the snapshot`, {
      path: behind,
      hint: DAMAGED_HINT,
    });
  }
  return { location, block, entries };
}

/** Numbers of the blocks that can hold wanted entries, in order. */
export function blocksFor({ blocks }: SealedSnapshot, selection: Selection | null): number[] {
  return [...blocks.keys()].filter(
    (number) => selection?.mayHold(blocks[number]?.row.first as string, blocks[number + 1]?.row.first ?? null) ?? true,
  );
}
