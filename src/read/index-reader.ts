import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT, decodeIndexPieces, indexRange } from '../format/gzip-member.ts';
import { decodeBlock, type IndexBlock } from '../format/index-block.ts';
import type { BlockRow } from '../format/index-page.ts';
import { sumOf } from '../format/packed-columns.ts';
import { printable } from '../format/printable.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { type FileRange, readRange } from '../storage/read-ahead.ts';
import { NODE_CODEC } from '../system/node-codec.ts';

/** Where the index of a snapshot lies; plain data, so that worker threads get it too. */
export interface IndexLayout {
  /** Offset of the first `I` member in the file. */
  offset: number;
  /** Length of the index without its framing. */
  length: number;
}

/** The index of an open snapshot. */
export interface IndexLocation extends IndexLayout {
  reader: RangeReader;
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
 * Where in the file the members of the index lie that hold a part of it, and how many bytes before that part.
 *
 * @throws BackupError `INDEX_INVALID` for more than any part of a valid index has
 */
function partRange(
  { offset, length: indexLength }: IndexLayout,
  at: number,
  length: number,
): FileRange & { skip: number } {
  // Before there is room made for it.
  if (length > MOST_BYTES) {
    throw new BackupError('INDEX_INVALID', `a part of the index is said to have ${length} bytes`, {
      hint: DAMAGED_HINT,
    });
  }
  const { start, end, skip } = indexRange(at, length, indexLength);
  return { offset: offset + start, length: end - start, skip };
}

/**
 * Reads a block, a page or the header of the index through its framing.
 *
 * @throws BackupError `INDEX_INVALID`, `GZIP_INVALID`, `SNAPSHOT_TRUNCATED`
 */
export async function readIndex(index: IndexLocation, at: number, length: number): Promise<Uint8Array> {
  const range = partRange(index, at, length);
  const members = await readRange(index.reader, range.offset, range.length);
  return decodeIndexPieces(members).subarray(range.skip, range.skip + length);
}

/**
 * Where in the file a block of the index lies.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function blockRange(index: IndexLayout, { row, at }: BlockLocation): FileRange {
  const { offset, length } = partRange(index, at, row.length);
  return { offset, length };
}

/**
 * Reads a block of the index and verifies it against its row of the page.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED`, `INDEX_INVALID`, `GZIP_INVALID`
 */
export async function readBlock(index: IndexLocation, location: BlockLocation): Promise<IndexBlock> {
  return decodeBlockOf(location, await readIndex(index, location.at, location.row.length));
}

/**
 * The same of bytes that were read.
 *
 * @param members the bytes of `blockRange`
 */
export function parseBlock(members: Uint8Array, index: IndexLayout, location: BlockLocation): IndexBlock {
  const { at, row } = location;
  const { skip } = partRange(index, at, row.length);
  return decodeBlockOf(location, decodeIndexPieces(members).subarray(skip, skip + row.length));
}

/**
 * The same of the block as it is in the index.
 *
 * @param bytes from `readIndex`
 */
export function decodeBlockOf({ row }: BlockLocation, bytes: Uint8Array): IndexBlock {
  if (hash('sha256', bytes) !== row.sha256) {
    throw new BackupError(
      'SNAPSHOT_DAMAGED',
      `a block of the index (the entries from "${printable(row.first)}" on) has not the SHA-256 of its page`,
      { hint: DAMAGED_HINT },
    );
  }
  const block = decodeBlock(bytes, NODE_CODEC);
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
