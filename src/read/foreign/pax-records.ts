import { Ambiguity, utf8 } from './header-fields.ts';

/** What a pax header says of the next entry. */
export interface PaxOverrides {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  /** Seconds and nanoseconds. */
  mtime?: { seconds: number; nanoseconds: number };
  /** Whether it carries attributes that are not restored. */
  attributes?: true;
}

// Records that change nothing of what is restored: names of owners, notes of bsdtar and star.
const HARMLESS = /^(?:uname|gname|comment|SCHILY\.(?:dev|ino|nlink))$/;
const OTHER_TIME = /^(?:atime|ctime|LIBARCHIVE\.creationtime)$/;
// Attributes that tools may set and a restore does not. None of them changes content, type or rights.
const ATTRIBUTE =
  /^(?:SCHILY\.xattr\.|LIBARCHIVE\.xattr\.|SCHILY\.fflags$|RHT\.security\.selinux$|LIBARCHIVE\.symlinktype$)/;
/** Extended attributes by which a system gives rights: capabilities, access control lists. */
const RIGHTS = /^(?:SCHILY|LIBARCHIVE)\.xattr\.(?:security|system|trusted)\./;
const TIME = /^(-?)(\d{1,15})(?:\.(\d{1,20}))?$/;
const CHARSETS = new Set(['BINARY', 'ISO-IR 10646 2000 UTF-8']);

/**
 * Reads the records of a pax header by their byte lengths (POSIX.1-2017, pax).
 *
 * @param body the records without padding
 * @param scope what they are for: the next entry; all that follow, of which they may say nothing that matters; or the next one of a
 * sealed snapshot, whose names are what they are
 * @throws Ambiguity for what is not well formed, appears twice, or is not the same to all readers of tar
 */
export function parsePaxRecords(body: Buffer, scope: 'next' | 'all' | 'ours'): PaxOverrides {
  const overrides: PaxOverrides = {};
  const seen = new Set<string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    if (!/^[1-9]\d{0,7}$/.test(digits)) throw invalid('a record without a length');
    const end = at + Number(digits);
    if (end > body.length || end <= space + 1 || body[end - 1] !== 0x0a) throw invalid('a record of a wrong length');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw invalid('a record without a value');
    const key = textOf(body.subarray(space + 1, equals));
    if (seen.has(key)) throw invalid(`the record ${JSON.stringify(key)} twice`);
    seen.add(key);
    const value = body.subarray(equals + 1, end - 1);
    if (scope !== 'ours') refuseHiddenRecords(key, value);
    if (scope === 'all' && key !== 'comment')
      throw invalid(`the record ${JSON.stringify(key)} for all entries that follow`);
    setOverride(overrides, key, value);
    at = end;
  }
  return overrides;
}

function invalid(what: string): Ambiguity {
  return new Ambiguity(`has a pax header with ${what}`);
}

/** Some readers go by lines and not by lengths, and Python looks for a charset anywhere: a value must not look like records. */
function refuseHiddenRecords(key: string, value: Buffer): void {
  if (value.includes(0x0a) && (key === 'path' || key === 'linkpath'))
    throw invalid(`a ${key} of several lines, which is another to some readers of tar`);
  if (!value.includes(0x0a) && !value.includes('hdrcharset=')) return;
  const lines = value.toString('utf8').split('\n');
  const hidden = lines.some((line, i) => i > 0 && Number.parseInt(line, 10) === Buffer.byteLength(line) + 1);
  if (hidden || value.includes('hdrcharset=')) throw invalid(`a record within the record ${JSON.stringify(key)}`);
}

function setOverride(overrides: PaxOverrides, key: string, bytes: Buffer): void {
  if (RIGHTS.test(decodeUri(key))) throw invalid(`rights that are not restored (${JSON.stringify(key)})`);
  if (ATTRIBUTE.test(key)) {
    // The value of another system's attribute may be any bytes.
    overrides.attributes = true;
    return;
  }
  const value = textOf(bytes);
  switch (key) {
    case 'path':
    case 'linkpath':
      if (value === '' || value.includes('\0')) throw invalid(`a ${key} that is no path`);
      overrides[key] = value;
      return;
    case 'size':
    case 'uid':
    case 'gid': {
      const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(number)) throw invalid(`a ${key} that is no number`);
      overrides[key] = number;
      return;
    }
    case 'mtime':
      overrides.mtime = parseTime(value);
      return;
    case 'hdrcharset':
      if (!CHARSETS.has(value)) throw invalid('names in another charset');
      return;
    default:
      if (OTHER_TIME.test(key)) parseTime(value);
      else if (!HARMLESS.test(key)) throw invalid(`a record ${JSON.stringify(key)}, which this program does not know`);
  }
}

function textOf(bytes: Buffer): string {
  try {
    return utf8(bytes);
  } catch {
    throw invalid('text that is not UTF-8');
  }
}

/** bsdtar encodes what is special in the names of attributes. */
function decodeUri(key: string): string {
  return key.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function parseTime(value: string): { seconds: number; nanoseconds: number } {
  const match = TIME.exec(value);
  if (match === null) throw invalid('a time that is no number');
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').padEnd(9, '0').slice(0, 9));
  if (match[1] !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
