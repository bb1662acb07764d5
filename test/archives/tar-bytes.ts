/** Tar headers, byte by byte from POSIX.1-2017: independent of `src/` and of node-tar, and able to write what is wrong. */

const BLOCK = 512;
export const END_OF_TAR = Buffer.alloc(2 * BLOCK);

export interface HeaderFields {
  path: string | Buffer;
  /** The type flag: one character. */
  type: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Whole seconds. */
  mtime: number;
  linkpath: string | Buffer;
}

/** Offset and length of each field of a ustar header. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;

export type FieldName = keyof typeof FIELDS;
/** Bytes to stand in fields instead of what belongs there. The checksum follows them, unless it is among them. */
export type RawFields = Partial<Record<FieldName, string | Buffer>>;

const DEFAULTS: HeaderFields = {
  path: 'file',
  type: '0',
  mode: 0o644,
  uid: 1000,
  gid: 1000,
  size: 0,
  mtime: 1_770_000_000,
  linkpath: '',
};

/** Octal digits and a NUL, with a blank between as long as there is room for one. */
function octal(value: number, length: number): string {
  const digits = value.toString(8);
  return digits.length === length - 1 ? `${digits}\0` : `${digits.padStart(length - 2, '0')} \0`;
}

/** One header block. Values must fit, or be given as `raw`. */
export function ustarHeader(fields: Partial<HeaderFields>, raw: RawFields = {}): Buffer {
  const all = { ...DEFAULTS, ...fields };
  const { name, prefix } = splitPath(Buffer.from(all.path)) ?? { name: Buffer.from(all.path), prefix: '' };
  const values: Record<FieldName, string | Buffer> = {
    name,
    mode: octal(all.mode, 8),
    uid: octal(all.uid, 8),
    gid: octal(all.gid, 8),
    size: octal(all.size, 12),
    mtime: octal(all.mtime, 12),
    checksum: '        ',
    type: all.type,
    linkname: all.linkpath,
    magic: 'ustar\x0000',
    uname: '',
    gname: '',
    devmajor: '000000 \0',
    devminor: '000000 \0',
    prefix,
    ...raw,
  };
  const block = Buffer.alloc(BLOCK);
  for (const [field, [offset, length]] of Object.entries(FIELDS)) {
    Buffer.from(values[field as FieldName])
      .subarray(0, length)
      .copy(block, offset);
  }
  if (raw.checksum === undefined) {
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(octal(sum, 8), FIELDS.checksum[0], 'latin1');
  }
  return block;
}

/** The header blocks of an entry as the snapshot format wants them: ustar, with a pax header where ustar cannot say it. */
export function validHeader(fields: Partial<HeaderFields>): Buffer {
  const all = { ...DEFAULTS, ...fields };
  const fitting: Partial<HeaderFields> = {};
  const records: PaxRecord[] = [];
  const move = (key: 'path' | 'linkpath' | 'size' | 'uid' | 'gid' | 'mtime', inUstar: string | Buffer | number) => {
    records.push([key, typeof all[key] === 'number' ? String(all[key]) : all[key]]);
    Object.assign(fitting, { [key]: inUstar });
  };
  if (splitPath(Buffer.from(all.path)) === undefined) move('path', beginning(all.path));
  if (Buffer.byteLength(all.linkpath) > 100) move('linkpath', beginning(all.linkpath));
  if (all.size >= 8 ** 11) move('size', 0);
  if (all.uid >= 8 ** 7) move('uid', 0);
  if (all.gid >= 8 ** 7) move('gid', 0);
  if (all.mtime < 0 || all.mtime >= 8 ** 11) move('mtime', 0);
  const header = ustarHeader({ ...all, ...fitting });
  return records.length === 0 ? header : Buffer.concat([paxHeader(records), header]);
}

/** As many whole characters as a field of 100 bytes holds. */
function beginning(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  let end = 100;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

export type PaxRecord = [key: string, value: string | Buffer];

/** A pax header with its records: type `x`, for the next entry, or `g`, for all that follow. */
export function paxHeader(records: PaxRecord[], type: 'x' | 'g' = 'x'): Buffer {
  return paxHeaderOf(Buffer.concat(records.map(paxRecord)), type);
}

/** A pax header whose body is whatever is given. */
export function paxHeaderOf(body: Buffer, type: 'x' | 'g' = 'x'): Buffer {
  return Buffer.concat([
    ustarHeader({ path: 'PaxHeader', type, uid: 0, gid: 0, size: body.length, mtime: 0 }),
    padded(body),
  ]);
}

export function paxRecord([key, value]: PaxRecord): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  // The length counts its own digits.
  let length = rest.length + 1;
  while (length < rest.length + String(length).length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** GNU's way to give the next entry a long name (`L`) or a long link target (`K`). */
export function gnuLong(type: 'L' | 'K', value: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(value), Buffer.alloc(1)]);
  const header = ustarHeader({ path: '././@LongLink', type, size: body.length, mtime: 0 }, { magic: 'ustar  \0' });
  return Buffer.concat([header, padded(body)]);
}

/** Filled up with zeros to whole blocks. */
export function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}

/** Name and prefix whose join is the path; `undefined` when it does not fit. */
function splitPath(path: Buffer): { name: Buffer; prefix: Buffer | string } | undefined {
  if (path.length <= 100) return { name: path, prefix: '' };
  // The slash that parts them is in neither, and a name is not empty.
  for (let at = path.length - 2; at > 0; at--) {
    if (path[at] === 0x2f && at <= 155 && path.length - at - 1 <= 100) {
      return { name: path.subarray(at + 1), prefix: path.subarray(0, at) };
    }
  }
  return undefined;
}
