import { BLOCK, type Entry, padded } from './entry.ts';
import { encodePaxRecords, type PaxRecord, paxRecordsLength } from './pax-record.ts';
import { utf8Length, writeUtf8 } from './utf8.ts';

/** What a tar header says of an entry. */
export type HeaderFields = Pick<Entry, 'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'link'>;

const TYPE_FLAGS = { file: 0x30, hardlink: 0x31, symlink: 0x32, directory: 0x35 } as const;
const PAX_FLAG = 0x78;
const SLASH = 0x2f;

// Fields of a ustar header (POSIX.1-2017): offset, and length where it is used more than once.
const NAME_BYTES = 100;
const MODE = 100;
const UID = 108;
const GID = 116;
const SIZE = 124;
const MTIME = 136;
const CHECKSUM = 148;
const TYPE = 156;
const LINK = 157;
const MAGIC = 257;
const DEVICE_MAJOR = 329;
const DEVICE_MINOR = 337;
const PREFIX = 345;
const PREFIX_BYTES = 155;

/** First numbers that fields of 8 and of 12 bytes cannot hold. */
const ID_BOUND = 8 ** 7;
const NUMBER_BOUND = 8 ** 11;

const PAX_NAME = 'PaxHeader';

/** Most header blocks that an entry with a path and a target as the format allows them can have: two names of 4,095 bytes and four numbers. */
export const MAX_HEADER_BLOCKS = 2 + Math.ceil((2 * (4095 + 20) + 4 * 40) / BLOCK);

/** Number of 512-byte blocks that the header of an entry takes: 1, or 3 and more with a pax header. */
export function headerBlocks(fields: HeaderFields): number {
  if (isPlain(fields)) return 1;
  const records = paxRecords(fields);
  return records.length === 0 ? 1 : 2 + padded(paxRecordsLength(records)) / BLOCK;
}

/**
 * Writes the header blocks of an entry, a pax header before the ustar header where a value needs it.
 *
 * The bytes follow from the fields alone, so that a reader which knows the fields compares instead of parsing.
 *
 * @param target has room for `blocks` at `offset`; what was there is overwritten
 * @param blocks `headerBlocks(fields)`, for who knows it already
 * @returns the number of blocks written
 */
export function encodeHeader(
  fields: HeaderFields,
  target: Uint8Array,
  offset: number,
  blocks = headerBlocks(fields),
): number {
  if (blocks > 1) encodePaxHeader(paxRecords(fields), target, offset);
  encodeUstar(fields, target, offset + (blocks - 1) * BLOCK);
  return blocks;
}

function encodePaxHeader(records: readonly PaxRecord[], target: Uint8Array, offset: number): void {
  const size = paxRecordsLength(records);
  const fields: HeaderFields = { path: PAX_NAME, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, size };
  encodeUstar(fields, target, offset, PAX_FLAG);
  encodePaxRecords(records, target, offset + BLOCK);
  target.fill(0, offset + BLOCK + size, offset + BLOCK + padded(size));
}

/** Whether one block is enough, as it is for most entries. Not asked of names that are split. */
function isPlain({ path, link, uid, gid, mtime, size }: HeaderFields): boolean {
  return (
    // A directory's name takes a slash more.
    hasRoom(path, NAME_BYTES - 1) &&
    (link === undefined || hasRoom(link, NAME_BYTES)) &&
    fitsNumber(mtime) &&
    fitsNumber(size) &&
    uid < ID_BOUND &&
    gid < ID_BOUND
  );
}

function hasRoom(name: string, bytes: number): boolean {
  return name.length <= bytes && utf8Length(name) <= bytes;
}

function fitsNumber(value: number): boolean {
  return value >= 0 && value < NUMBER_BOUND;
}

function tarName({ type, path }: HeaderFields): string {
  return type === 'directory' ? `${path}/` : path;
}

/** What the ustar header cannot say, in the order in which it is in the pax header. */
function paxRecords(fields: HeaderFields): PaxRecord[] {
  const { link, size, uid, gid, mtime } = fields;
  const name = tarName(fields);
  const records: PaxRecord[] = [];
  if (!fitsName(name)) records.push(['path', name]);
  if (link !== undefined && utf8Length(link) > NAME_BYTES) records.push(['linkpath', link]);
  if (size >= NUMBER_BOUND) records.push(['size', String(size)]);
  if (uid >= ID_BOUND) records.push(['uid', String(uid)]);
  if (gid >= ID_BOUND) records.push(['gid', String(gid)]);
  if (!fitsNumber(mtime)) records.push(['mtime', String(mtime)]);
  return records;
}

/** Whether a pax header has a name or target with a newline: node-tar reads what follows it as another record. */
export function hasRecordOfLines(fields: HeaderFields): boolean {
  const name = tarName(fields);
  const { link } = fields;
  return (name.includes('\n') && !fitsName(name)) || (link?.includes('\n') === true && utf8Length(link) > NAME_BYTES);
}

function fitsName(name: string): boolean {
  const length = utf8Length(name);
  return length <= NAME_BYTES || splitName(name, length) > 0;
}

const nameBytes = new Uint8Array(PREFIX_BYTES + 1 + NAME_BYTES);

/**
 * Where a name of more than 100 bytes is split between the prefix and the name field: at the last slash, other than one that ends it,
 * before which there are at most 155 bytes.
 *
 * @returns the slash's place in bytes; 0 when there is none, or too much comes after it
 */
function splitName(name: string, length: number): number {
  if (length > nameBytes.length) return 0;
  writeUtf8(name, nameBytes, 0, length);
  let at = Math.min(PREFIX_BYTES, length - 2);
  while (at > 0 && nameBytes[at] !== SLASH) at--;
  return length - at - 1 <= NAME_BYTES ? at : 0;
}

/** A header block without name, target, size, time and checksum, which differ between most entries, and the sum of its bytes. */
interface Stamp {
  block: Uint8Array;
  sum: number;
}

const stamps = new Map<number, Stamp>();
const MAX_STAMPS = 1024;
/** The one that was asked for last: entries that follow each other mostly have the same. */
let latest: Stamp | null = null;
let latestKey = -1;

function stampFor({ mode, uid, gid }: HeaderFields, flag: number): Stamp {
  const owner = uid < ID_BOUND ? uid : 0;
  const group = gid < ID_BOUND ? gid : 0;
  const key = ((owner * ID_BOUND + group) * 0x80 + flag) * 0o10000 + mode;
  // Beyond that two owners could have one key.
  const isUnique = Number.isSafeInteger(key);
  if (latest !== null && latestKey === key) return latest;
  const stamp = (isUnique ? stamps.get(key) : undefined) ?? makeStamp(mode, owner, group, flag);
  if (stamps.size >= MAX_STAMPS) stamps.clear();
  if (isUnique) {
    stamps.set(key, stamp);
    latest = stamp;
    latestKey = key;
  }
  return stamp;
}

function makeStamp(mode: number, owner: number, group: number, flag: number): Stamp {
  const block = new Uint8Array(BLOCK);
  writeOctal(mode, block, MODE, 8);
  writeOctal(owner, block, UID, 8);
  writeOctal(group, block, GID, 8);
  block[TYPE] = flag;
  writeUtf8('ustar\x0000', block, MAGIC, 8);
  writeOctal(0, block, DEVICE_MAJOR, 8);
  writeOctal(0, block, DEVICE_MINOR, 8);
  return { block, sum: block.reduce((sum, byte) => sum + byte, 0) };
}

function encodeUstar(fields: HeaderFields, target: Uint8Array, offset: number, flag = flagOf(fields)): void {
  const { block, sum } = stampFor(fields, flag);
  target.set(block, offset);
  // The checksum counts its own field as spaces.
  let checksum = sum + 8 * 0x20;
  checksum += writeName(flag === PAX_FLAG ? fields.path : tarName(fields), target, offset);
  if (fields.link !== undefined) {
    const length = writeUtf8(fields.link, target, offset + LINK, NAME_BYTES);
    checksum += sumOf(target, offset + LINK, length);
  }
  checksum += writeOctal(fitsNumber(fields.size) ? fields.size : 0, target, offset + SIZE, 12);
  checksum += writeOctal(fitsNumber(fields.mtime) ? fields.mtime : 0, target, offset + MTIME, 12);
  writeOctal(checksum, target, offset + CHECKSUM, 8);
}

function flagOf({ type }: HeaderFields): number {
  return TYPE_FLAGS[type];
}

/** Writes the name, split if need be; of one that does not fit its beginning, for the pax header has all of it. @returns the sum of the bytes */
function writeName(name: string, target: Uint8Array, offset: number): number {
  const sum = name.length <= NAME_BYTES ? writeAscii(name, target, offset) : -1;
  if (sum >= 0) return sum;
  const length = utf8Length(name);
  const split = length > NAME_BYTES ? splitName(name, length) : 0;
  if (split === 0) return sumOf(target, offset, writeUtf8(name, target, offset, NAME_BYTES));
  target.set(nameBytes.subarray(0, split), offset + PREFIX);
  target.set(nameBytes.subarray(split + 1, length), offset);
  return sumOf(target, offset + PREFIX, split) + sumOf(target, offset, length - split - 1);
}

/** @returns the sum of the bytes; -1 when the text is not all ASCII, and then nothing is written */
function writeAscii(text: string, target: Uint8Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) {
      target.fill(0, offset, offset + i);
      return -1;
    }
    target[offset + i] = unit;
    sum += unit;
  }
  return sum;
}

function sumOf(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0;
  for (let i = offset; i < offset + length; i++) sum += bytes[i] as number;
  return sum;
}

/**
 * Writes a number as node-tar does: octal digits with leading zeros, a space if there is room for one, a NUL.
 *
 * @returns the sum of the bytes
 */
function writeOctal(value: number, target: Uint8Array, offset: number, length: number): number {
  const spaced = value < 8 ** (length - 2);
  let sum = spaced ? 0x20 : 0;
  let rest = value;
  for (let at = offset + length - (spaced ? 3 : 2); at >= offset; at--) {
    const digit = 0x30 + (rest % 8);
    target[at] = digit;
    sum += digit;
    rest = Math.floor(rest / 8);
  }
  if (spaced) target[offset + length - 2] = 0x20;
  target[offset + length - 1] = 0;
  return sum;
}
