import type { Entry } from '../../format/entry.ts';
import { formatBytes, formatTime } from './amounts.ts';

const TYPE_LETTER = { file: '-', directory: 'd', symlink: 'l', hardlink: 'h' } as const;

/** Path of an entry; a directory ends in a slash. */
export function entryName({ path, type }: Entry): string {
  return type === 'directory' ? `${path}/` : path;
}

/** An entry as `ls -l` would show it. The columns are of fixed width: a listing begins before its end is known. */
export function longEntry(entry: Entry, humanReadable: boolean): string {
  const { type, mode, uid, gid, size, mtime, link } = entry;
  const arrow = link === undefined ? '' : type === 'symlink' ? ` -> ${link}` : ` link to ${link}`;
  const sized = humanReadable ? formatBytes(size).padStart(9) : String(size).padStart(12);
  const time = formatTime(new Date(mtime * 1000));
  return `${TYPE_LETTER[type]}${permissions(mode)}  ${`${uid}/${gid}`.padEnd(11)}  ${sized}  ${time}  ${entryName(entry)}${arrow}`;
}

/** `rwxr-xr-x`, with the set-id and sticky bits where `ls` shows them. */
export function permissions(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, bit) => ((mode >> (8 - bit)) & 1 ? letter : '-'));
  const special = [
    [0o4000, 2, 's'],
    [0o2000, 5, 's'],
    [0o1000, 8, 't'],
  ] as const;
  for (const [bit, place, letter] of special) {
    if (mode & bit) letters[place] = letters[place] === 'x' ? letter : letter.toUpperCase();
  }
  return letters.join('');
}

/** An entry as `--json` has it; see OUTPUT.md. */
export function entryFields(entry: Entry): Record<string, unknown> {
  const { path, type, size, mode, uid, gid, mtime, mtimeNs, link, sha256 } = entry;
  return {
    path,
    type,
    size,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    mtime: exactTime(mtime, mtimeNs),
    link,
    sha256,
  };
}

/** RFC 3339 in UTC, to the nanosecond. */
function exactTime(seconds: number, nanoseconds: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, -5);
  return `${whole}.${String(nanoseconds).padStart(9, '0')}Z`;
}
