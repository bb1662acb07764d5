import { fstatSync, futimesSync } from 'node:fs';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';

type Timed = Pick<Entry, 'path' | 'mtime' | 'mtimeNs'>;

/** From FAT's first second to the last one of signed 32 bits: what every file system holds, to its precision. */
const FIRST_COMMON_SECOND = 315_532_800;
const LAST_COMMON_SECOND = 2 ** 31 - 1;

/** What systems say to a time that they or the file system cannot hold, or to setting any. */
const NOT_HELD = new Set(['EINVAL', 'ERANGE', 'EOVERFLOW', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Whether Node.js cuts the times that it sets to microseconds, towards 1970: up to libuv 1.51, Node.js 22. Later ones hand on what a double
 * has.
 */
export const CUTS_TO_MICROSECONDS = isOlder(process.versions.uv ?? '', 1, 52);

/** A modification time as `utimes` takes it: seconds, exact to the microsecond. */
export function utimesTime(entry: Pick<Entry, 'mtime' | 'mtimeNs'>): number | string {
  const { mtime } = entry;
  const microseconds = Math.floor(entry.mtimeNs / 1000);
  // A double has 2^-22 of a second until 2038, and twice that afterwards. What is added is just enough for it not to come to the microsecond
  // before: before 1970 that is the one that is further from it when microseconds are cut.
  const more = microseconds === 0 ? 0 : Math.abs(mtime) < 2 ** 31 ? 0.125 : 0.5;
  const fraction = (microseconds + (mtime < 0 && CUTS_TO_MICROSECONDS ? -more : more)) / 1e6;
  // A negative number means "now" to Node.js, but not the same as text.
  return mtime < 0 ? String(mtime + fraction) : mtime + fraction;
}

function isOlder(version: string, major: number, minor: number): boolean {
  const [itsMajor = 0, itsMinor = 0] = version.split('.').map(Number);
  return itsMajor < major || (itsMajor === major && itsMinor < minor);
}

/** Entries whose modification time the file system they are written to does not hold. */
export interface UnheldTimes {
  count: number;
  /** Path of the first, or null. */
  first: string | null;
}

/**
 * Gives an entry its modification time. File systems cut a time to what they hold without a word, so one that not every file
 * system holds is looked at again.
 *
 * @param set calls one of the `utimes` family
 * @param look what the entry's modification time is then, in milliseconds since 1970
 * @throws what the system says, unless that is that it cannot hold the time
 */
export function setEntryTime(
  entry: Timed,
  unheld: UnheldTimes,
  set: (time: number | string) => void,
  look: () => number,
): void {
  try {
    set(utimesTime(entry));
  } catch (error) {
    noteRefusal(error, entry, unheld);
    return;
  }
  if (!isCommon(entry)) noteDifference(look(), entry, unheld);
}

/** The same for an open file; most of what is restored is one. */
export function setFileTime(fd: number, entry: Timed, unheld: UnheldTimes): void {
  const time = utimesTime(entry);
  try {
    futimesSync(fd, time, time);
  } catch (error) {
    noteRefusal(error, entry, unheld);
    return;
  }
  if (!isCommon(entry)) noteDifference(fstatSync(fd).mtimeMs, entry, unheld);
}

function noteRefusal(error: unknown, entry: Timed, unheld: UnheldTimes): void {
  if (!NOT_HELD.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  note(entry, unheld);
}

function isCommon({ mtime }: Timed): boolean {
  return mtime >= FIRST_COMMON_SECOND && mtime <= LAST_COMMON_SECOND;
}

function noteDifference(mtimeMs: number, entry: Timed, unheld: UnheldTimes): void {
  // A clock of two seconds holds it as well as it holds any.
  if (Math.abs(mtimeMs / 1000 - entry.mtime) > 2) note(entry, unheld);
}

function note({ path }: Timed, unheld: UnheldTimes): void {
  unheld.count++;
  unheld.first ??= path;
}

/** Adds what another writer noted. */
export function addUnheld(unheld: UnheldTimes, { count, first }: UnheldTimes): void {
  unheld.count += count;
  unheld.first ??= first;
}

/** Says, in a notice, that there were such. */
export function reportUnheldTimes({ count, first }: UnheldTimes, { onEvent }: OperationOptions): void {
  if (first === null) return;
  const others = count === 1 ? '' : `, nor those of ${count - 1} more`;
  const message = `this file system does not hold its modification time${others}: it gets the nearest that it holds`;
  onEvent?.({ type: 'notice', path: first, message });
}
