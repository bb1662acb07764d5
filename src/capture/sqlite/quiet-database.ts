import { statSync } from 'node:fs';
import { closeQuietly, openRegular, readExactly } from '../open-regular.ts';

/**
 * A database whose file was changed less than this ago, in milliseconds, is taken for one in use, though it may lie quiet
 * between two transactions: it is copied at once instead of being read when its turn comes.
 */
const RECENT_MS = 2000;

/**
 * Whether nobody is in the middle of something with a database: its main file alone holds all of it.
 *
 * @param absolute path of the database
 */
export function stillQuiet(absolute: string): boolean {
  return sizeOf(`${absolute}-wal`) === 0 && !hasHotJournal(absolute);
}

/** Whether a database is quiet and has been for a while. */
export function isAtRest(absolute: string, mtimeNs: bigint): boolean {
  return Date.now() - Number(mtimeNs) / 1e6 > RECENT_MS && stillQuiet(absolute);
}

/** Whether there is a rollback journal that is needed: one that was ended is gone, empty, or begins with zeros. */
export function hasHotJournal(absolute: string): boolean {
  const journal = `${absolute}-journal`;
  if (sizeOf(journal) === 0) return false;
  const first = Buffer.alloc(1);
  try {
    const fd = openRegular(journal);
    try {
      return readExactly(fd, first, 0, 1, 0) === 1 && first[0] !== 0;
    } finally {
      closeQuietly(fd);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

function sizeOf(absolute: string): number {
  return statSync(absolute, { throwIfNoEntry: false })?.size ?? 0;
}
