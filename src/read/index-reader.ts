import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT, decodeIndexPieces, indexRange } from '../format/gzip-member.ts';
import { decodeBlock, type IndexBlock } from '../format/index-block.ts';
import type { BlockRow } from '../format/index-root.ts';
import { printable } from '../format/printable.ts';
import { readAt } from './snapshot-source.ts';

/** Where the index of an open snapshot lies; plain data, so that worker threads get it too. */
export interface IndexLocation {
  fd: number;
  /** Offset of the first `I` member in the file. */
  offset: number;
  /** Length of the index without its framing. */
  length: number;
}

/** A block's row of the root, and where the block begins in the index. */
export interface BlockLocation {
  row: BlockRow;
  at: number;
}

/** Most bytes of a block or of the root: the 64 MiB that either may inflate to, and what deflate adds at worst. */
const MOST_BYTES = 65 * 1024 * 1024;

/**
 * Reads a block or the root of the index through its framing.
 *
 * @throws BackupError `INDEX_INVALID`, `GZIP_INVALID`, `SNAPSHOT_TRUNCATED`
 */
export function readIndex(index: IndexLocation, at: number, length: number): Buffer {
  // Before there is room made for it.
  if (length > MOST_BYTES) {
    throw new BackupError('INDEX_INVALID', `a part of the index is said to have ${length} bytes`, {
      hint: DAMAGED_HINT,
    });
  }
  const range = indexRange(at, length, index.length);
  const pieces = decodeIndexPieces(readAt(index.fd, index.offset + range.start, range.end - range.start));
  return pieces.subarray(range.skip, range.skip + length);
}

/**
 * Reads a block of the index and proves it against its row of the root.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED`, `INDEX_INVALID`, `GZIP_INVALID`
 */
export function readBlock(index: IndexLocation, { row, at }: BlockLocation): IndexBlock {
  const bytes = readIndex(index, at, row.length);
  if (hash('sha256', bytes) !== row.sha256) {
    throw new BackupError(
      'SNAPSHOT_DAMAGED',
      `a block of the index (the entries from "${printable(row.first)}" on) has not the SHA-256 of the root`,
      { hint: DAMAGED_HINT },
    );
  }
  const block = decodeBlock(bytes);
  const agrees =
    block.path.length === row.entries &&
    block.path[0] === row.first &&
    block.stored.length === row.members &&
    sum(block.stored) === row.stored &&
    sum(block.raw) === row.raw;
  if (!agrees)
    throw new BackupError('INDEX_INVALID', 'the root of the index describes a block other than it is', {
      hint: DAMAGED_HINT,
    });
  return block;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
