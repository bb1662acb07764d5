import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT, decodeIndexPieces, indexRange } from '../format/gzip-member.ts';
import { decodeBlock, type IndexBlock } from '../format/index-block.ts';
import type { BlockRow } from '../format/index-page.ts';
import { sumOf } from '../format/packed-columns.ts';
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

/** A block's row of its page, and where the block begins in the index. */
export interface BlockLocation {
  /** Its place among all blocks. */
  number: number;
  row: BlockRow;
  at: number;
}

/** Most bytes of a block, a page or the index header: the 64 MiB that each may inflate to, what deflate adds at worst, and a block's digests. */
const MOST_BYTES = 104 * 1024 * 1024;

/**
 * Reads a block, a page or the header of the index through its framing.
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
 * Reads a block of the index and verifies it against its row of the page.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED`, `INDEX_INVALID`, `GZIP_INVALID`
 */
export function readBlock(index: IndexLocation, { row, at }: BlockLocation): IndexBlock {
  const bytes = readIndex(index, at, row.length);
  if (hash('sha256', bytes) !== row.sha256) {
    throw new BackupError(
      'SNAPSHOT_DAMAGED',
      `a block of the index (the entries from "${printable(row.first)}" on) has not the SHA-256 of its page`,
      { hint: DAMAGED_HINT },
    );
  }
  const block = decodeBlock(bytes);
  const agrees =
    block.path.length === row.entries &&
    block.path[0] === row.first &&
    block.stored.length === row.members &&
    sumOf(block.stored) === row.stored &&
    sumOf(block.raw) === row.raw;
  if (!agrees)
    throw new BackupError('INDEX_INVALID', 'a page of the index describes a block other than it is', {
      hint: DAMAGED_HINT,
    });
  return block;
}
