import { existsSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import { SIDE_FILE_SUFFIXES } from '../../system/sqlite-files.ts';
import { isSystemError } from '../../system-errors.ts';
import { type SystemReason, systemReason } from '../system-reason.ts';
import { betterSqlite3Reader } from './better-sqlite3.ts';
import { DatabaseLocked, type DatabaseReader, type ReaderName } from './database-reader.ts';
import { hasHotJournal, idleState } from './idle-database.ts';
import { nodeSqliteReader } from './node-sqlite.ts';
import { opensReadOnly } from './opens-read-only.ts';
import { ConcurrentWriteError, rawCopy } from './raw-copy.ts';
import { scratchFailure } from './scratch-failure.ts';

/** How long to wait before each further attempt: uneven, so that a writer of a steady rhythm is met between two commits. */
const PAUSES_MS = [2, 5, 11, 20, 31, 50, 73, 100, 149, 200, 400];

/** A database that was copied. */
export interface DatabaseCopied {
  status: 'ok' | 'retried' | 'inconsistent';
  /** What happened, for every status but `ok`. */
  detail: string;
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
  if (choice === 'raw-copy') return [rawCopy];
  const library =
    (choice !== 'better-sqlite3' && nodeSqliteReader()) || (choice !== 'node' && (await betterSqlite3Reader()));
  if (library) return [library, rawCopy];
  return choice === 'auto' ? [rawCopy] : [];
}

/**
 * Copies a database that is in use, with everything that is committed, into one file without side files.
 *
 * @param database absolute path of the database, which is never written to
 * @param destination path of the copy, in a private directory
 * @returns what was wrong when it could not be had consistently; then there is no copy
 * @throws BackupError `NO_SPACE`, `IO`, `PERMISSION` when the copy cannot be written; `ABORTED`
 */
export async function captureDatabase(
  database: string,
  destination: string,
  readers: readonly DatabaseReader[],
  signal?: AbortSignal,
): Promise<DatabaseCopied | SystemReason> {
  let detail = '';
  let seenWriting = false;
  let refused = false;
  const isFree = isFreeNow(database, readers);
  // The bytes of one that nobody writes to are kept: SQLite's own backup changes counters in the header of its copy.
  const order = isFree ? [...readers].reverse() : readers;
  for (let attempt = 0; attempt <= PAUSES_MS.length; attempt++) {
    if (attempt > 0) await setTimeout(PAUSES_MS[attempt - 1]);
    const isLast = attempt === PAUSES_MS.length;
    try {
      // Where the system does not show the locks of others (another container's), a change shows that they are there.
      const opened = opensReadOnly(database) || (seenWriting && existsSync(`${database}-shm`));
      // What a killed writer left is rolled back in the copy; SQLite itself would do that in place, or not at all.
      const byLibrary = opened && (attempt > 0 || !hasHotJournal(database));
      const reader = byLibrary ? order[attempt % order.length] : readers.at(-1);
      if (reader === undefined) break;
      const doubt = await reader.copy(database, destination, { refused, isFree: isFree && attempt === 0, signal });
      // A transaction that began in between, with no journal to show it, still holds its lock, or has changed the file.
      if (isFree && attempt === 0 && !isFreeNow(database, readers))
        throw new ConcurrentWriteError('it is being written to');
      if (doubt !== null && isLast) return { status: 'inconsistent', detail: doubt, reader: reader.name };
      if (doubt === null) {
        const detail = attempt === 0 ? '' : 'it was being written to; a later attempt had it in one piece';
        return { status: attempt === 0 ? 'ok' : 'retried', detail, reader: reader.name };
      }
      removeCopy(destination);
    } catch (error) {
      removeCopy(destination);
      if (error instanceof BackupError) throw error;
      const ours = scratchFailure(error, destination);
      if (ours !== null) throw ours;
      seenWriting ||= error instanceof ConcurrentWriteError;
      refused ||= error instanceof DatabaseLocked;
      detail = isSystemError(error) ? systemReason(error).detail : (error as Error).message;
      if (!existsSync(database)) return { status: 'deleted', detail };
    }
  }
  return { status: 'unreadable', detail: `the database could not be copied in one state: ${detail}` };
}

/** Whether nobody is in the middle of something with a database, as the system or SQLite shows. */
function isFreeNow(database: string, readers: readonly DatabaseReader[]): boolean {
  try {
    const state = idleState(database);
    if (state !== 'unknown') return state === 'idle';
    return opensReadOnly(database) && (readers[0]?.isFree?.(database) ?? false);
  } catch {
    // Said by the copy, should that not succeed either.
    return false;
  }
}

function removeCopy(destination: string): void {
  for (const suffix of ['', ...SIDE_FILE_SUFFIXES]) rmSync(destination + suffix, { force: true });
}
