import { closeSync, openSync, readSync, statSync } from 'node:fs';

/**
 * Whether nobody is in the middle of something with a database: its main file alone holds all of it. To be asked before
 * the file is read and again behind it.
 *
 * @param absolute path of the database
 */
export function stillQuiet(absolute: string): boolean {
  return sizeOf(`${absolute}-wal`) === 0 && !hasHotJournal(absolute);
}

/** Whether there is a rollback journal that is needed: one that was ended is gone, empty, or begins with zeros. */
export function hasHotJournal(absolute: string): boolean {
  const journal = `${absolute}-journal`;
  if (sizeOf(journal) === 0) return false;
  const first = Buffer.alloc(1);
  try {
    const fd = openSync(journal, 'r');
    try {
      return readSync(fd, first, 0, 1, 0) === 1 && first[0] !== 0;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

function sizeOf(absolute: string): number {
  return statSync(absolute, { throwIfNoEntry: false })?.size ?? 0;
}
