import { deflateRawSync } from 'node:zlib';
import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import { BLOCK, type Entry, type EntryType, padded } from './entry.ts';
import { DAMAGED_HINT } from './gzip-member.ts';
import { inflateJson } from './inflate-exactly.ts';

/** A block of the index: a run of entries as columns, and the members that hold them. See SNAPSHOT-FORMAT.md. */
export interface IndexBlock {
  path: string[];
  /** A letter an entry: `f`, `d`, `l`, `h`. */
  type: string;
  mode: number[];
  uid: number[];
  gid: number[];
  mtime: number[];
  mtime_ns: number[];
  header: number[];
  /** Files only. */
  size: number[];
  /** Links only. */
  link: string[];
  /** Members: length in the file. */
  stored: number[];
  /** Members: length of the tar bytes. */
  raw: number[];
  /** Files only, in hexadecimal, one behind the other. */
  sha256: string;
}

/** Length of a SHA-256 in hexadecimal digits; in the file it has half as many bytes. */
export const DIGEST_DIGITS = 64;
/** Most bytes that the columns of one block may inflate to. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** Most tar bytes in one member. */
export const MAX_MEMBER_BYTES = 64 * 1024 * 1024;
/** Most bytes that a member takes in the file: deflate adds next to nothing to what it cannot make smaller. */
const MAX_STORED_BYTES = MAX_MEMBER_BYTES + 64 * 1024;
/** Farthest time that a JavaScript Date (and hence the tar codec) can hold, in seconds. */
export const MAX_MTIME = 8.64e12;

// One check a column: a schema for each number would cost more than inflating the block.
const integers = (minimum: number, maximum: number) =>
  z.custom<number[]>(
    (column) =>
      Array.isArray(column) &&
      column.every((value) => Number.isSafeInteger(value) && value >= minimum && value <= maximum),
    `not integers from ${minimum} to ${maximum}`,
  );
const strings = z.custom<string[]>(
  (column) => Array.isArray(column) && column.every((value) => typeof value === 'string'),
  'not strings',
);
const sizes = integers(0, Number.MAX_SAFE_INTEGER);

const columnsSchema = z.strictObject({
  path: strings,
  type: z.string().check(z.regex(/^[fdlh]*$/)),
  mode: integers(0, 0o7777),
  uid: integers(0, 0xffffffff),
  gid: integers(0, 0xffffffff),
  mtime: integers(-MAX_MTIME, MAX_MTIME),
  mtime_ns: integers(0, 999_999_999),
  header: integers(1, 1024),
  size: sizes,
  link: strings,
  stored: integers(1, MAX_STORED_BYTES),
  raw: integers(BLOCK, MAX_MEMBER_BYTES),
});

/** A block with room for nothing yet. */
function emptyBlock(): IndexBlock {
  return {
    path: [],
    type: '',
    mode: [],
    uid: [],
    gid: [],
    mtime: [],
    mtime_ns: [],
    header: [],
    size: [],
    link: [],
    stored: [],
    raw: [],
    sha256: '',
  };
}

/** A block as it stands in the index. */
export function encodeBlock(block: IndexBlock): Buffer {
  const { sha256, ...columns } = block;
  const deflated = deflateRawSync(JSON.stringify(columns), { level: 6, memLevel: 9 });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(deflated.length);
  return Buffer.concat([length, deflated, Buffer.from(sha256, 'hex')]);
}

function invalid(reason: string, cause?: unknown): BackupError {
  return new BackupError('INDEX_INVALID', `the index of the snapshot ${reason}`, { hint: DAMAGED_HINT, cause });
}

function parseColumns(deflated: Buffer): unknown {
  try {
    return inflateJson(deflated, MAX_BLOCK_BYTES);
  } catch (cause) {
    throw invalid('cannot be read', cause);
  }
}

function countOf(text: string, letter: string): number {
  let count = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++;
  return count;
}

/**
 * Reads a block and checks its form: the columns' types, ranges and lengths, and that entries and members cover the same tar bytes.
 * Names, order and links are not its business.
 *
 * @throws BackupError `INDEX_INVALID`
 */
export function decodeBlock(bytes: Buffer): IndexBlock {
  if (bytes.length < 4) throw invalid('is cut');
  const length = bytes.readUInt32LE(0);
  if (4 + length > bytes.length) throw invalid('is cut');
  const parsed = columnsSchema.safeParse(parseColumns(bytes.subarray(4, 4 + length)));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(`has a wrong value: ${issue?.path.join('.')}: ${issue?.message}`, parsed.error);
  }
  const block: IndexBlock = { ...parsed.data, sha256: bytes.toString('hex', 4 + length) };
  const entries = block.path.length;
  const files = countOf(block.type, 'f');
  const links = countOf(block.type, 'l') + countOf(block.type, 'h');
  const perEntry = [block.type, block.mode, block.uid, block.gid, block.mtime, block.mtime_ns, block.header];
  if (
    perEntry.some((column) => column.length !== entries) ||
    block.size.length !== files ||
    block.link.length !== links ||
    block.sha256.length !== files * DIGEST_DIGITS ||
    block.stored.length !== block.raw.length
  ) {
    throw invalid('has columns of different lengths');
  }
  const tarBytes = blockTarBytes(block);
  if (tarBytes !== block.raw.reduce((sum, raw) => sum + raw, 0)) throw invalid('does not cover its members');
  return block;
}

/** Tar bytes of all entries of a block. */
function blockTarBytes(block: IndexBlock): number {
  let sum = 0;
  for (const blocks of block.header) sum += blocks * BLOCK;
  for (const size of block.size) sum += padded(size);
  return sum;
}

const TYPE_OF: Record<string, EntryType> = { f: 'file', d: 'directory', l: 'symlink', h: 'hardlink' };
const LETTER_OF: Record<EntryType, string> = { file: 'f', directory: 'd', symlink: 'l', hardlink: 'h' };

/** An entry of a block, and how many header blocks it has. */
export interface BlockEntry extends Entry {
  headerBlocks: number;
}

/** The entries of a block, in order. */
export function blockEntries(block: IndexBlock): BlockEntry[] {
  let file = 0;
  let link = 0;
  return block.path.map((path, i) => {
    const type = TYPE_OF[block.type.charAt(i)] as EntryType;
    const entry: BlockEntry = {
      path,
      type,
      mode: block.mode[i] as number,
      uid: block.uid[i] as number,
      gid: block.gid[i] as number,
      mtime: block.mtime[i] as number,
      mtimeNs: block.mtime_ns[i] as number,
      size: 0,
      headerBlocks: block.header[i] as number,
    };
    if (type === 'file') {
      entry.size = block.size[file] as number;
      entry.sha256 = block.sha256.slice(file * DIGEST_DIGITS, (file + 1) * DIGEST_DIGITS);
      file++;
    } else if (type !== 'directory') {
      entry.link = block.link[link] as string;
      link++;
    }
    return entry;
  });
}

/** A block of these entries and members; the mirror of `blockEntries`. */
export function blockOf(
  entries: readonly BlockEntry[],
  members: readonly { stored: number; raw: number }[],
): IndexBlock {
  const block = emptyBlock();
  let types = '';
  let digests = '';
  for (const entry of entries) {
    block.path.push(entry.path);
    types += LETTER_OF[entry.type];
    block.mode.push(entry.mode);
    block.uid.push(entry.uid);
    block.gid.push(entry.gid);
    block.mtime.push(entry.mtime);
    block.mtime_ns.push(entry.mtimeNs);
    block.header.push(entry.headerBlocks);
    if (entry.type === 'file') block.size.push(entry.size);
    if (entry.sha256 !== undefined) digests += entry.sha256;
    if (entry.link !== undefined) block.link.push(entry.link);
  }
  block.type = types;
  block.sha256 = digests;
  block.stored = members.map((member) => member.stored);
  block.raw = members.map((member) => member.raw);
  return block;
}
