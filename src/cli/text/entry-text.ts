import type { Entry } from '../../format/entry.ts';
import { printable } from '../../format/printable.ts';
import { formatBytes, formatTime } from './amounts.ts';
import { shortenMiddle } from './display-width.ts';

const TYPE_LETTER = { file: '-', directory: 'd', symlink: 'l', hardlink: 'h' } as const;

/** Path of an entry; a directory ends in a slash. */
export function entryName({ path, type }: Entry): string {
  return type === 'directory' ? `${path}/` : path;
}

/** A column before the name. All are of fixed width: a listing begins before its end is known. */
interface FixedColumn {
  width: number;
  /** In a narrow window the one with the lowest number is omitted first. */
  gives: number;
  text: (entry: Entry) => string;
}

const MODE: FixedColumn = { width: 10, gives: 2, text: ({ type, mode }) => TYPE_LETTER[type] + permissions(mode) };
const OWNER: FixedColumn = { width: 11, gives: 1, text: ({ uid, gid }) => `${uid}/${gid}`.padEnd(11) };
const SIZE: FixedColumn = { width: 9, gives: 4, text: ({ size }) => formatBytes(size).padStart(9) };
const EXACT_SIZE: FixedColumn = { width: 12, gives: 4, text: ({ size }) => String(size).padStart(12) };
const TIME: FixedColumn = { width: 25, gives: 3, text: ({ mtime }) => formatTime(new Date(mtime * 1000)) };

/** Columns are omitted before a name has less room than this. */
const LEAST_NAME = 20;

/**
 * Shows entries as `ls -l` does.
 *
 * @param width of the window; null for none, where nothing is shortened
 */
export function longEntryFormat(humanReadable: boolean, width: number | null): (entry: Entry) => string {
  let columns = [MODE, OWNER, humanReadable ? SIZE : EXACT_SIZE, TIME];
  if (width === null) return (entry) => longLine(columns, entry, nameAndTarget(entry));
  const roomOf = (shown: readonly FixedColumn[]) => width - shown.reduce((sum, column) => sum + column.width + 2, 0);
  while (columns.length > 0 && roomOf(columns) < LEAST_NAME) {
    const first = Math.min(...columns.map(({ gives }) => gives));
    columns = columns.filter(({ gives }) => gives !== first);
  }
  const room = roomOf(columns);
  return (entry) => longLine(columns, entry, shortenMiddle(nameAndTarget(entry), room));
}

function longLine(columns: readonly FixedColumn[], entry: Entry, name: string): string {
  return [...columns.map(({ text }) => text(entry)), name].join('  ');
}

function nameAndTarget(entry: Entry): string {
  const { type, link } = entry;
  const arrow = link === undefined ? '' : type === 'symlink' ? ` -> ${link}` : ` link to ${link}`;
  return printable(entryName(entry) + arrow);
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
