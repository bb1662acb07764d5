import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { BLOCK, type Entry, padded } from './entry.ts';

/** What a tar header says of an entry. */
export type HeaderFields = Pick<Entry, 'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'link'>;

const TYPE_NAME = { file: 'File', directory: 'Directory', symlink: 'SymbolicLink', hardlink: 'Link' } as const;

const NAME_FIELD = 100;
const PREFIX_FIELD = 155;
const MAX_ID = 0o7777777;
const MAX_OCTAL_12 = 0o77777777777;

// One of each, for a Header costs more to construct than to encode.
const header = new Header({ path: '', mode: 0, uid: 0, gid: 0, size: 0, mtime: new Date(0), uname: '', gname: '' });
const mtimeDate = new Date(0);
header.mtime = mtimeDate;
const scratch = Buffer.alloc(BLOCK);

function tarName(fields: HeaderFields): string {
  return fields.type === 'directory' ? `${fields.path}/` : fields.path;
}

/** Writes the ustar header at `offset`, over zeros. */
function encodeUstar(fields: HeaderFields, target: Buffer, offset: number, name = tarName(fields)): void {
  header.path = name;
  header.type = TYPE_NAME[fields.type];
  header.linkpath = cut(fields.link ?? '');
  header.mode = fields.mode;
  header.uid = fields.uid;
  header.gid = fields.gid;
  header.size = fields.size;
  mtimeDate.setTime(fields.mtime * 1000);
  header.encode(target, offset);
}

function fitsNameField(text: string): boolean {
  // A UTF-16 code unit takes at most three bytes, so short text needs no counting.
  return text.length < NAME_FIELD / 3 || Buffer.byteLength(text) < NAME_FIELD;
}

/** As many whole characters as a name field holds: what stands there when a pax record has the rest. */
function cut(text: string): string {
  if (fitsNameField(text)) return text;
  const bytes = Buffer.from(text, 'utf8');
  let end = NAME_FIELD - 1;
  // Continuation bytes of a character are 10xxxxxx.
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** A header block of the codec's making, and the sum of its bytes. */
interface Stamp {
  block: Buffer;
  sum: number;
}

// Name, size, time and checksum are what differs between most entries of a state directory. Their headers are cut from a stamp: a
// header that `tar` encoded with these four empty. It saves nine tenths of the time, here and at each proof.
const stamps = new Map<number, Stamp>();
const MAX_STAMPS = 1024;
const SIZE_OFFSET = 124;
const MTIME_OFFSET = 136;
const CHECKSUM_OFFSET = 148;

function stampFor(fields: HeaderFields): Stamp {
  const key = ((fields.uid * (MAX_ID + 1) + fields.gid) * 2 + (fields.type === 'file' ? 1 : 0)) * 0o10000 + fields.mode;
  let stamp = Number.isSafeInteger(key) ? stamps.get(key) : undefined;
  if (stamp === undefined) {
    const block = Buffer.alloc(BLOCK);
    encodeUstar({ ...fields, path: '', size: 0, mtime: 0 }, block, 0);
    block.fill(0, 0, NAME_FIELD);
    block.fill(0, SIZE_OFFSET, CHECKSUM_OFFSET + 8);
    stamp = { block, sum: block.reduce((sum, byte) => sum + byte, 0) };
    if (stamps.size >= MAX_STAMPS) stamps.clear();
    stamps.set(key, stamp);
  }
  return stamp;
}

/** Writes a number as the codec does: octal digits, a space if there is room for it, a NUL. @returns the sum of the bytes */
function writeOctal(value: number, target: Buffer, offset: number, length: number): number {
  const spaced = value < 8 ** (length - 2);
  let at = offset + length - (spaced ? 3 : 2);
  let sum = 0;
  for (let rest = value; at >= offset; at--) {
    const digit = 0x30 + (rest % 8);
    target[at] = digit;
    sum += digit;
    rest = Math.floor(rest / 8);
  }
  if (!spaced) return sum;
  target[offset + length - 2] = 0x20;
  return sum + 0x20;
}

/** Writes a ustar header that needs neither prefix nor target. */
function encodeStamped(fields: HeaderFields, target: Buffer, offset: number): void {
  const { block, sum } = stampFor(fields);
  block.copy(target, offset);
  const length = target.write(fields.path, offset);
  const isDirectory = fields.type === 'directory';
  if (isDirectory) target[offset + length] = 0x2f;
  // The checksum counts its own field as spaces.
  let checksum = sum + 8 * 0x20 + (isDirectory ? 0x2f : 0);
  for (let i = offset; i < offset + length; i++) checksum += target[i] as number;
  checksum += writeOctal(fields.size, target, offset + SIZE_OFFSET, 12);
  checksum += writeOctal(fields.mtime, target, offset + MTIME_OFFSET, 12);
  writeOctal(checksum, target, offset + CHECKSUM_OFFSET, 8);
}

/** Whether ustar's name and prefix fields can hold the path. */
function fitsName(fields: HeaderFields): boolean {
  const name = tarName(fields);
  if (fitsNameField(name)) return true;
  // Finding a place to split a path takes the codec a time that grows with the square of its depth.
  if (Buffer.byteLength(name) > NAME_FIELD + 1 + PREFIX_FIELD) return false;
  scratch.fill(0);
  encodeUstar(fields, scratch, 0);
  return new Header(scratch, 0).path === name;
}

/** The pax records that an entry needs, or null. */
function paxRecords(fields: HeaderFields): Buffer | null {
  const { link, size, uid, gid, mtime } = fields;
  const longName = !fitsName(fields);
  const longLink = link !== undefined && !fitsNameField(link);
  const largeNumber = size > MAX_OCTAL_12 || uid > MAX_ID || gid > MAX_ID || mtime < 0 || mtime > MAX_OCTAL_12;
  if (!longName && !longLink && !largeNumber) return null;
  const pax = new Pax({
    ...(longName ? { path: tarName(fields) } : {}),
    ...(longLink ? { linkpath: link } : {}),
    ...(size > MAX_OCTAL_12 ? { size } : {}),
    ...(uid > MAX_ID ? { uid } : {}),
    ...(gid > MAX_ID ? { gid } : {}),
    ...(mtime < 0 || mtime > MAX_OCTAL_12 ? { mtime: new Date(mtime * 1000) } : {}),
  });
  return Buffer.from(pax.encodeBody(), 'utf8');
}

/** Number of 512-byte blocks that the header of an entry takes: 1, or 3 and more with a pax header. */
export function headerBlocks(fields: HeaderFields): number {
  const records = paxRecords(fields);
  return records === null ? 1 : 2 + padded(records.length) / BLOCK;
}

/**
 * Writes the header blocks of an entry, a pax header before the ustar header where a value needs it.
 *
 * The bytes follow from the fields alone, so that a reader which knows the fields can compare instead of parse.
 *
 * @param target has room for `headerBlocks(fields)` blocks at `offset`; what was there is overwritten
 * @returns the number of blocks written
 */
export function encodeHeader(fields: HeaderFields, target: Buffer, offset: number): number {
  const records = paxRecords(fields);
  if (records === null && fields.link === undefined && fitsNameField(tarName(fields))) {
    encodeStamped(fields, target, offset);
    return 1;
  }
  if (records === null) {
    target.fill(0, offset, offset + BLOCK);
    encodeUstar(fields, target, offset);
    return 1;
  }
  const blocks = 2 + padded(records.length) / BLOCK;
  target.fill(0, offset, offset + blocks * BLOCK);
  new Header({
    path: 'PaxHeader',
    type: 'ExtendedHeader',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: records.length,
    mtime: new Date(0),
    uname: '',
    gname: '',
  }).encode(target, offset);
  records.copy(target, offset + BLOCK);
  // A name that the pax header does not have must stand here in full, split between name and prefix if need be.
  const name = tarName(fields);
  encodeUstar(fields, target, offset + (blocks - 1) * BLOCK, fitsName(fields) ? name : cut(name));
  return blocks;
}
