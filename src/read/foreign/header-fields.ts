import { BLOCK } from '../../format/entry.ts';

/** What is wrong with a header, to follow the name of its entry. */
export class Ambiguity extends Error {
  readonly code: 'TAR_INVALID' | 'UNSAFE_NAME';

  constructor(message: string, code: 'TAR_INVALID' | 'UNSAFE_NAME' = 'TAR_INVALID') {
    super(message);
    this.code = code;
  }
}

/** What a header block says by itself. */
export interface HeaderFields {
  /** The type flag. */
  flag: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
}

/** Digits, blanks before them, blanks or NULs after them: what all readers take for the same number. */
const OCTAL = /^ *[0-7]+[ \0]*$/;
const DEVICE = /^(?: *[0-7]+[ \0]*|\0{8})$/;
const UNSIGNED = 0x80;
const NEGATIVE = 0xff;
const CHECKSUM = 148;
const USTAR = 'ustar\x0000';
const GNU = 'ustar  \0';
const PREFIX = 345;
const OTHER_TIMES = 476;
const BEHIND_PREFIX = 500;
const OTHER_TIME = /^(?: *[0-7]+[ \0]*|\0{12})$/;

/**
 * Decodes a header block (POSIX.1-2017 ustar, or GNU tar's), as far as all readers of tar agree on what it says.
 *
 * @throws Ambiguity where they do not
 */
export function readHeader(block: Buffer): HeaderFields {
  const magic = block.toString('latin1', 257, 265);
  if (magic !== USTAR && magic !== GNU) throw new Ambiguity('has a header that is neither ustar, pax nor GNU tar');
  checkChecksum(block);
  // busybox takes such a header for the end of the archive, whatever a record says the name is.
  if (block[0] === 0) throw new Ambiguity('has an empty name', 'UNSAFE_NAME');
  // GNU tar keeps times and sparse maps where ustar has the prefix; others take them for one.
  const from = magic === GNU ? PREFIX : BEHIND_PREFIX;
  if (block.subarray(from).some((byte) => byte !== 0))
    throw new Ambiguity(
      magic === GNU ? 'has a GNU header with bytes where ustar has its prefix' : 'has bytes after its prefix',
    );
  for (const offset of [329, 337]) {
    if (!DEVICE.test(block.toString('latin1', offset, offset + 8)))
      throw new Ambiguity('has a device that is no number');
  }
  return {
    flag: block.toString('latin1', 156, 157),
    mode: number(block, 'mode', 100, 8),
    uid: number(block, 'uid', 108, 8),
    gid: number(block, 'gid', 116, 8),
    size: number(block, 'size', 124, 12),
    mtime: number(block, 'mtime', 136, 12),
  };
}

/** The name of a header with its prefix. GNU tar's has none. */
export function headerPath(block: Buffer): string {
  const prefix = block.toString('latin1', 257, 265) === USTAR ? prefixOf(block) : '';
  const name = headerText(block, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The prefix, up to its NUL. node-tar puts two other times at the end of its field, where the prefix leaves room for them. */
function prefixOf(block: Buffer): string {
  const hasTimes = block[OTHER_TIMES - 1] === 0 && block[OTHER_TIMES] !== 0;
  if (!hasTimes) return headerText(block, PREFIX, BEHIND_PREFIX - PREFIX);
  for (const offset of [OTHER_TIMES, OTHER_TIMES + 12]) {
    if (!OTHER_TIME.test(block.toString('latin1', offset, offset + 12)))
      throw new Ambiguity('has bytes after the end of its prefix');
  }
  return headerText(block, PREFIX, OTHER_TIMES - PREFIX);
}

/** Target of a link in a header. */
export function headerLink(block: Buffer): string {
  return headerText(block, 157, 100);
}

/** Whether the name field ends in a slash, whatever replaces it. */
export function nameEndsInSlash(block: Buffer): boolean {
  const end = block.indexOf(0);
  return block[(end < 0 || end > 100 ? 100 : end) - 1] === 0x2f;
}

/** A text of a header, up to its NUL; nothing but NULs may follow. */
export function headerText(bytes: Buffer, offset: number, length: number): string {
  const field = bytes.subarray(offset, offset + length);
  const nul = field.indexOf(0);
  if (nul >= 0 && field.subarray(nul).some((byte) => byte !== 0))
    throw new Ambiguity('has a name with a NUL in it', 'UNSAFE_NAME');
  return utf8(nul < 0 ? field : field.subarray(0, nul));
}

/** @throws Ambiguity for what is not UTF-8 */
export function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Ambiguity('has a name that is not UTF-8', 'UNSAFE_NAME');
  }
}

/** The sum of the bytes, those of the field itself taken for blanks. */
function checkChecksum(block: Buffer): void {
  const text = block.toString('latin1', CHECKSUM, CHECKSUM + 8);
  // node-tar reads on to the type, if no blank or NUL comes before it.
  if (!OCTAL.test(text) || !/[ \0]$/.test(text))
    throw new Ambiguity('has a checksum that is no number to all readers of tar');
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < CHECKSUM || i >= CHECKSUM + 8) sum += block[i] as number;
  if (sum !== octal(text)) throw new Ambiguity('has a header with a wrong checksum');
}

function octal(text: string): number {
  return Number.parseInt(text.replace(/[ \0]/g, ''), 8);
}

/** A number in octal, or in GNU tar's base-256: a byte 0x80, or 0xff for a negative one, and the bytes in two's complement. */
function number(block: Buffer, name: string, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length);
  const sign = field[0] as number;
  let value: number;
  if (sign === UNSIGNED || sign === NEGATIVE) {
    const magnitude = BigInt(`0x${field.toString('hex', 1)}`);
    value = Number(sign === UNSIGNED ? magnitude : BigInt.asIntN((length - 1) * 8, magnitude));
    if (sign === NEGATIVE && value >= 0) throw new Ambiguity(`has a ${name} that is no number`);
  } else {
    const text = field.toString('latin1');
    // node-tar's way to say nothing of the owner or the time.
    if (name !== 'size' && name !== 'mode' && field.every((byte) => byte === 0)) return 0;
    if (!OCTAL.test(text)) throw new Ambiguity(`has a ${name} that is no number to all readers of tar`);
    value = octal(text);
  }
  if (!Number.isSafeInteger(value) || (value < 0 && name !== 'mtime'))
    throw new Ambiguity(`has a ${name} that is out of range`);
  return value;
}
