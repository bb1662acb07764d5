import type { Codec } from './codec.ts';
import { DIGEST_DIGITS, MAX_BLOCK_ENTRIES, MAX_BLOCK_MEMBERS } from './index-block.ts';
import { DIGEST_BYTES, integers, invalidIndex, packColumns, strings, unpackColumns } from './packed-columns.ts';

/** Most blocks that one page lists. */
export const MAX_PAGE_BLOCKS = 4096;

const sizes = integers(0, Number.MAX_SAFE_INTEGER);

const COLUMNS = {
  /** Path of the first entry. */
  first: strings,
  entries: integers(1, MAX_BLOCK_ENTRIES),
  members: integers(1, MAX_BLOCK_MEMBERS),
  /** Length of the block in the index. */
  length: integers(4, Number.MAX_SAFE_INTEGER),
  /** How many bytes its members take in the file, and how many tar bytes they hold. */
  stored: sizes,
  raw: sizes,
};

/** What the index says of a block. */
export interface BlockRow {
  /** Path of the first entry. */
  first: string;
  entries: number;
  members: number;
  /** Length in the index, and digest. */
  length: number;
  sha256: string;
  /** Where in the file its first member begins, how many bytes its members take there, and how many tar bytes they hold. */
  offset: number;
  stored: number;
  raw: number;
}

/** A page of the index: a run of blocks, as it is in the index after them. */
export function encodePage(rows: readonly BlockRow[], codec: Codec): Uint8Array {
  const column = <Key extends keyof BlockRow>(key: Key) => rows.map((row) => row[key]);
  return packColumns(
    {
      first: column('first'),
      entries: column('entries'),
      members: column('members'),
      length: column('length'),
      stored: column('stored'),
      raw: column('raw'),
    },
    column('sha256').join(''),
    codec,
  );
}

/**
 * Reads a page and checks its form.
 *
 * @param offset where in the file the first member of its first block begins
 * @throws BackupError `INDEX_INVALID`
 */
export function decodePage(bytes: Uint8Array, offset: number, codec: Codec): BlockRow[] {
  const { columns, digests } = unpackColumns(bytes, COLUMNS, codec);
  const { first, entries, members, length, stored, raw } = columns;
  const blocks = first.length;
  if (blocks === 0 || blocks > MAX_PAGE_BLOCKS) throw invalidIndex(`has a page of ${blocks} blocks`);
  if (
    [entries, members, length, stored, raw].some((column) => column.length !== blocks) ||
    digests.length !== blocks * DIGEST_BYTES
  ) {
    throw invalidIndex('has a page with columns of different lengths');
  }
  const hex = codec.toHex(digests);
  let at = offset;
  return first.map((path, i) => {
    const row: BlockRow = {
      first: path,
      entries: entries[i] as number,
      members: members[i] as number,
      length: length[i] as number,
      sha256: hex.slice(i * DIGEST_DIGITS, (i + 1) * DIGEST_DIGITS),
      offset: at,
      stored: stored[i] as number,
      raw: raw[i] as number,
    };
    at += row.stored;
    return row;
  });
}
