import type { Codec } from './codec.ts';
import { BLOCK, type Entry, type EntryType } from './entry.ts';
import { layOutMembers, type Piece } from './member-layout.ts';
import {
  type ColumnsOf,
  checkedColumns,
  DIGEST_BYTES,
  integers,
  invalidIndex,
  letters,
  packColumns,
  strings,
  unpackColumns,
} from './packed-columns.ts';
import { type HeaderFields, headerBlocks } from './tar-header.ts';

/** Length of a SHA-256 in hexadecimal digits; in the file it has half as many bytes. */
export const DIGEST_DIGITS = 2 * DIGEST_BYTES;
/** Most tar bytes in one member. */
export const MAX_MEMBER_BYTES = 64 * 1024 * 1024;
/** Most bytes that a member takes in the file: deflate adds next to nothing to what it cannot make smaller. */
const MAX_STORED_BYTES = MAX_MEMBER_BYTES + 64 * 1024;
/** Most entries in one block. */
export const MAX_BLOCK_ENTRIES = 16_384;
/** Most members in one block, hence in a large file. */
export const MAX_BLOCK_MEMBERS = 524_288;
/** Farthest time that a JavaScript Date can hold, in seconds. */
export const MAX_MTIME = 8.64e12;

const COLUMNS = {
  path: strings,
  /** A letter an entry: `f`, `d`, `l`, `h`. */
  type: letters(/^[fdlh]*$/),
  mode: integers(0, 0o7777),
  uid: integers(0, 0xffffffff),
  gid: integers(0, 0xffffffff),
  mtime: integers(-MAX_MTIME, MAX_MTIME),
  mtime_ns: integers(0, 999_999_999),
  /** Files only. */
  size: integers(0, Number.MAX_SAFE_INTEGER),
  /** Links only. */
  link: strings,
  /** Members: length in the file, and of the tar bytes. */
  stored: integers(1, MAX_STORED_BYTES),
  raw: integers(BLOCK, MAX_MEMBER_BYTES),
};

/** A block of the index: a run of entries as columns, and the members that hold them. Digests are in hexadecimal, one after the other. */
export interface IndexBlock extends ColumnsOf<typeof COLUMNS> {
  /** Entries: number of header blocks. It follows from the others, and is not in the file. */
  header: number[];
  /** Of the content of each file. */
  sha256: string;
  /** Of each member as it is in the file. */
  storedSha256: string;
  /** Of the content in each piece of a large file. */
  pieceSha256: string;
}

/**
 * A block as it is in the index.
 *
 * @param earlier a block of another index, encoded: taken as it is if it is the same
 */
export function encodeBlock(block: IndexBlock, codec: Codec, earlier: Uint8Array | null = null): Uint8Array {
  const { header: _, sha256, storedSha256, pieceSha256, ...columns } = block;
  return packColumns(columns, sha256 + storedSha256 + pieceSha256, codec, earlier);
}

/**
 * Reads a block and checks its form: the columns' types, ranges and lengths, and that the entries fit into the members.
 * It does not check names, order and links.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function decodeBlock(bytes: Uint8Array, codec: Codec): IndexBlock {
  const { columns, digests } = unpackColumns(bytes, COLUMNS, codec);
  const { path, type, mode, uid, gid, mtime, mtime_ns, size, link, stored, raw } = columns;
  const hex = codec.toHex(digests);
  const [files, members] = [size.length * DIGEST_DIGITS, stored.length * DIGEST_DIGITS];
  // One literal: an object spread from parts would give blocks different hidden classes, and V8 would discard compiled code at the next one.
  const block: IndexBlock = {
    path,
    type,
    mode,
    uid,
    gid,
    mtime,
    mtime_ns,
    size,
    link,
    stored,
    raw,
    header: [],
    sha256: hex.slice(0, files),
    storedSha256: hex.slice(files, files + members),
    pieceSha256: hex.slice(files + members),
  };
  checkLengths(block);
  block.header = headersOf(block);
  checkLayout(block);
  return block;
}

/**
 * Checks what `decodeBlock` would, before a block is written.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function checkBlock(block: IndexBlock): void {
  checkedColumns(block, COLUMNS);
  checkLengths(block);
  checkLayout(block);
}

function checkLengths(block: IndexBlock): void {
  const entries = block.path.length;
  const members = block.stored.length;
  const perEntry = [block.type, block.mode, block.uid, block.gid, block.mtime, block.mtime_ns];
  if (
    perEntry.some((column) => column.length !== entries) ||
    block.size.length !== countOf(block.type, FILE) ||
    block.link.length !== entries - block.size.length - countOf(block.type, DIRECTORY) ||
    block.sha256.length !== block.size.length * DIGEST_DIGITS ||
    block.raw.length !== members ||
    block.storedSha256.length !== members * DIGEST_DIGITS
  ) {
    throw invalidIndex('has columns of different lengths');
  }
  if (entries === 0 || entries > MAX_BLOCK_ENTRIES) throw invalidIndex(`has a block of ${entries} entries`);
  if (members === 0 || members > MAX_BLOCK_MEMBERS) throw invalidIndex(`has a block of ${members} members`);
}

function checkLayout(block: IndexBlock): void {
  const pieces = layOutMembers(block).reduce((count, piece) => count + (piece === null ? 0 : 1), 0);
  if (block.pieceSha256.length !== pieces * DIGEST_DIGITS)
    throw invalidIndex('has digests of pieces that are not there');
}

function headersOf(block: IndexBlock): number[] {
  const headers: number[] = [];
  let file = 0;
  let link = 0;
  // One object for all entries: this runs for each of them.
  const fields: HeaderFields = { path: '', type: 'file', mode: 0, uid: 0, gid: 0, mtime: 0, size: 0, link: '' };
  for (let i = 0; i < block.path.length; i++) {
    const type = typeAt(block.type, i);
    fields.path = block.path[i] as string;
    fields.type = type;
    fields.uid = block.uid[i] as number;
    fields.gid = block.gid[i] as number;
    fields.mtime = block.mtime[i] as number;
    fields.size = type === 'file' ? (block.size[file++] as number) : 0;
    fields.link = type === 'symlink' || type === 'hardlink' ? (block.link[link++] as string) : '';
    headers.push(headerBlocks(fields));
  }
  return headers;
}

function countOf(text: string, letter: number): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === letter) count++;
  return count;
}

/** What a member must be. */
export interface BlockMember {
  stored: number;
  raw: number;
  /** Of the member as it is in the file. */
  sha256: string;
  piece: (Piece & { sha256: string }) | null;
}

/** The members of a block, in order. */
export function blockMembers(block: IndexBlock): BlockMember[] {
  let pieces = 0;
  return layOutMembers(block).map((piece, i) => ({
    stored: block.stored[i] as number,
    raw: block.raw[i] as number,
    sha256: digestAt(block.storedSha256, i),
    piece: piece === null ? null : { from: piece.from, to: piece.to, sha256: digestAt(block.pieceSha256, pieces++) },
  }));
}

/** SHA-256 of a whole piece of zeros. */
const ZERO_PIECE = '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58';

/** Bytes of large files that lie in whole pieces of zeros, by the number of the entry. */
export function zerosOf(block: IndexBlock): Map<number, number> {
  const zeros = new Map<number, number>();
  // Most blocks hold none; then nothing has to be laid out.
  if (!block.pieceSha256.includes(ZERO_PIECE)) return zeros;
  let pieces = 0;
  for (const piece of layOutMembers(block)) {
    if (piece === null || digestAt(block.pieceSha256, pieces++) !== ZERO_PIECE) continue;
    zeros.set(piece.entry, (zeros.get(piece.entry) ?? 0) + piece.to - piece.from);
  }
  return zeros;
}

function digestAt(digests: string, number: number): string {
  return digests.slice(number * DIGEST_DIGITS, (number + 1) * DIGEST_DIGITS);
}

const [FILE, DIRECTORY, SYMLINK] = [0x66, 0x64, 0x6c];

/** An entry of a block, and how many header blocks it has. */
export interface BlockEntry extends Entry {
  headerBlocks: number;
}

/** The entries of a block, in order. */
export function blockEntries(block: IndexBlock): BlockEntry[] {
  let file = 0;
  let link = 0;
  return block.path.map((path, i) => {
    const type = typeAt(block.type, i);
    const [mode, uid, gid] = [block.mode[i] as number, block.uid[i] as number, block.gid[i] as number];
    const [mtime, mtimeNs] = [block.mtime[i] as number, block.mtime_ns[i] as number];
    const headerBlocks = block.header[i] as number;
    if (type === 'file') {
      const size = block.size[file] as number;
      const sha256 = digestAt(block.sha256, file++);
      return { path, type, mode, uid, gid, mtime, mtimeNs, size, headerBlocks, sha256 };
    }
    if (type === 'directory') return { path, type, mode, uid, gid, mtime, mtimeNs, size: 0, headerBlocks };
    const target = block.link[link++] as string;
    return { path, type, mode, uid, gid, mtime, mtimeNs, size: 0, headerBlocks, link: target };
  });
}

/** The type of an entry by its letter. */
function typeAt(types: string, i: number): EntryType {
  switch (types.charCodeAt(i)) {
    case FILE:
      return 'file';
    case DIRECTORY:
      return 'directory';
    case SYMLINK:
      return 'symlink';
    default:
      return 'hardlink';
  }
}

/** A member that was written, as the index has it. */
export interface WrittenMember {
  stored: number;
  raw: number;
  sha256: string;
  /** Of the content in it, for a piece of a large file that takes more members than one. */
  pieceSha256: string;
}
