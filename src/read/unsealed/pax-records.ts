import { BackupError } from '../../errors.ts';

/** What a pax header may say of the next entry. */
export interface PaxOverrides {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  /** Seconds and nanoseconds. */
  mtime?: { seconds: number; nanoseconds: number };
}

// Records that change nothing of what is restored: other times, names of owners, notes of bsdtar and star.
const HARMLESS = /^(?:atime|ctime|uname|gname|comment|LIBARCHIVE\.creationtime|SCHILY\.(?:dev|ino|nlink))$/;
const TIME = /^(-?)(\d{1,15})(?:\.(\d{1,20}))?$/;

function invalid(reason: string): BackupError {
  return new BackupError('TAR_INVALID', `a pax header of the archive ${reason}`, {
    hint: 'Do not restore this file: it was not made by a sound program.',
  });
}

/**
 * Reads the records of a pax header by their byte lengths (POSIX.1-2017, pax). The tar package's own parser goes by lines and drops
 * what it does not understand.
 *
 * @throws BackupError `TAR_INVALID` for anything that is not well formed, stands twice, or would change how content is read
 */
export function parsePaxRecords(body: Buffer): PaxOverrides {
  const overrides: PaxOverrides = {};
  const seen = new Set<string>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    if (!/^[1-9]\d{0,7}$/.test(digits)) throw invalid('has a record without a length');
    const end = at + Number(digits);
    if (end > body.length || end <= space + 1 || body[end - 1] !== 0x0a)
      throw invalid('has a record of a wrong length');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw invalid('has a record without a value');
    const key = decodeUtf8(body.subarray(space + 1, equals));
    if (seen.has(key)) throw invalid(`says ${JSON.stringify(key)} twice`);
    seen.add(key);
    setOverride(overrides, key, decodeUtf8(body.subarray(equals + 1, end - 1)));
    at = end;
  }
  return overrides;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid('is not UTF-8');
  }
}

function setOverride(overrides: PaxOverrides, key: string, value: string): void {
  switch (key) {
    case 'path':
    case 'linkpath':
      if (value === '' || value.includes('\0')) throw invalid(`has a ${key} that is no path`);
      overrides[key] = value;
      return;
    case 'size':
    case 'uid':
    case 'gid': {
      const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(number)) throw invalid(`has a ${key} that is no number`);
      overrides[key] = number;
      return;
    }
    case 'mtime':
      overrides.mtime = parseTime(value);
      return;
    default:
      if (!HARMLESS.test(key)) throw invalid(`has a record ${JSON.stringify(key)}, which this program does not know`);
  }
}

function parseTime(value: string): { seconds: number; nanoseconds: number } {
  const match = TIME.exec(value);
  if (match === null) throw invalid('has a time that is no number');
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').padEnd(9, '0').slice(0, 9));
  if (match[1] !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}
