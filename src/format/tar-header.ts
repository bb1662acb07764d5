import { Header, Pax } from 'tar';
import { BLOCK, type Entry, padded } from './entry.ts';

/** What a tar header says of an entry. */
export type HeaderFields = Pick<Entry, 'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'size' | 'link'>;

const TYPE_NAME = { file: 'File', directory: 'Directory', symlink: 'SymbolicLink', hardlink: 'Link' } as const;

const NAME_FIELD = 100;
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
function encodeUstar(fields: HeaderFields, target: Buffer, offset: number): void {
  header.path = tarName(fields);
  header.type = TYPE_NAME[fields.type];
  header.linkpath = fields.link ?? '';
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

/** Whether ustar's name and prefix fields can hold the path. */
function fitsName(fields: HeaderFields): boolean {
  const name = tarName(fields);
  if (fitsNameField(name)) return true;
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
  encodeUstar(fields, target, offset + (blocks - 1) * BLOCK);
  return blocks;
}
