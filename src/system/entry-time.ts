import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';

type Timed = Pick<Entry, 'path' | 'mtime' | 'mtimeNs'>;

/** From FAT's first second to the last one of signed 32 bits: what every file system holds, to its precision. */
const FIRST_COMMON_SECOND = 315_532_800;
const LAST_COMMON_SECOND = 2 ** 31 - 1;

/** What systems say to a time that they or the file system cannot hold, or to setting any. */
const NOT_HELD = new Set(['EINVAL', 'ERANGE', 'EOVERFLOW', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** A modification time as `utimes` takes it: seconds, exact to the microsecond; before 1970 to the millisecond. */
export function utimesTime(entry: Pick<Entry, 'mtime' | 'mtimeNs'>): number | Date {
  // Node takes negative seconds for "now".
  if (entry.mtime < 0) return new Date(entry.mtime * 1000 + Math.floor(entry.mtimeNs / 1e6));
  const microseconds = Math.floor(entry.mtimeNs / 1000);
  if (microseconds === 0) return entry.mtime;
  // A double has 2^-22 of a second there, or twice that from 2038 on. Node up to 22 cuts to microseconds, later ones to nanoseconds. What is
  // added is just enough for neither to come to the microsecond before.
  return entry.mtime + (microseconds + (entry.mtime < 2 ** 31 ? 0.125 : 0.5)) / 1e6;
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
  set: (time: number | Date) => void,
  look: () => number,
): void {
  try {
    set(utimesTime(entry));
  } catch (error) {
    if (!NOT_HELD.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    note(entry, unheld);
    return;
  }
  if (entry.mtime >= FIRST_COMMON_SECOND && entry.mtime <= LAST_COMMON_SECOND) return;
  // A clock of two seconds holds it as well as it holds any.
  if (Math.abs(look() / 1000 - entry.mtime) > 2) note(entry, unheld);
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
export function tellUnheldTimes({ count, first }: UnheldTimes, { onEvent }: OperationOptions): void {
  if (first === null) return;
  const others = count === 1 ? '' : `, nor those of ${count - 1} more`;
  const message = `this file system does not hold its modification time${others}: it gets the nearest that it holds`;
  onEvent?.({ type: 'notice', path: first, message });
}
