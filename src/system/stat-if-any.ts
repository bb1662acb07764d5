import { type BigIntStats, lstatSync, statSync } from 'node:fs';

// For names that are made of others, as SQLite makes `NAME-wal`: one that is longer than a file system takes is the name of nothing.

/** What is there, by lstat(2); undefined where nothing is. Throws what else the system says. */
export function lstatIfAny(path: string | Buffer): BigIntStats | undefined {
  return ifAny(() => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
}

/** The same by stat(2), which follows links. */
export function statIfAny(path: string | Buffer): BigIntStats | undefined {
  return ifAny(() => statSync(path, { bigint: true, throwIfNoEntry: false }));
}

function ifAny(look: () => BigIntStats | undefined): BigIntStats | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
