import { existsSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type SystemReason, systemReason } from '../system-reason.ts';
import { betterSqlite3Reader } from './better-sqlite3.ts';
import type { DatabaseReader, ReaderName } from './database-reader.ts';
import { mayBeOpened } from './may-be-opened.ts';
import { nodeSqliteReader } from './node-sqlite.ts';
import { saltCheckedPair, WrittenMeanwhile } from './salt-checked-pair.ts';

/** How long to wait before each further attempt. */
const PAUSES_MS = [5, 20, 50, 100, 200, 400];

/** A database that was copied. */
export interface DatabaseCopied {
  verdict: 'clean' | 'retried';
  /** Which reader made the copy. */
  reader: ReaderName;
}

/**
 * The readers to try, in this order: SQLite itself where the runtime has it, and the pair, which needs nothing.
 *
 * @param choice one of them, or the first that is available
 * @returns an empty list when the one that was asked for is not available
 */
export async function availableReaders(choice: 'auto' | ReaderName): Promise<DatabaseReader[]> {
  if (choice === 'pair') return [saltCheckedPair];
  const library =
    (choice !== 'better-sqlite3' && nodeSqliteReader()) || (choice !== 'node' && (await betterSqlite3Reader()));
  if (library) return [library, saltCheckedPair];
  return choice === 'auto' ? [saltCheckedPair] : [];
}

/**
 * Copies a database that is in use, with everything that is committed, into one file without side files.
 *
 * @param database absolute path of the database, which is never written to
 * @param destination path of the copy, in a private directory
 * @returns what was wrong when it could not be had consistently; then there is no copy
 */
export async function captureDatabase(
  database: string,
  destination: string,
  readers: readonly DatabaseReader[],
): Promise<DatabaseCopied | SystemReason> {
  let detail = '';
  let seenWriting = false;
  for (let attempt = 0; attempt <= PAUSES_MS.length; attempt++) {
    if (attempt > 0) await setTimeout(PAUSES_MS[attempt - 1]);
    try {
      // Where the system does not show the locks of others (another container's), a change shows that they are there.
      const opened = mayBeOpened(database) || (seenWriting && existsSync(`${database}-shm`));
      const reader = opened ? readers[attempt % readers.length] : readers.at(-1);
      if (reader === undefined) break;
      await reader.copy(database, destination);
      return { verdict: attempt === 0 ? 'clean' : 'retried', reader: reader.name };
    } catch (error) {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(destination + suffix, { force: true });
      seenWriting ||= error instanceof WrittenMeanwhile;
      ({ detail } = systemReason(error));
      if (!existsSync(database)) return { verdict: 'vanished', detail };
    }
  }
  return { verdict: 'unreadable', detail: `the database could not be copied in one state: ${detail}` };
}
