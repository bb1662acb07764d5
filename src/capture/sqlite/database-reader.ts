import { setTimeout } from 'node:timers/promises';
import { throwIfAborted } from '../../workers/abort.ts';

/** One way to copy a database that others are writing to. */
export interface DatabaseReader {
  readonly name: ReaderName;
  /**
   * Makes one attempt: copies the database as it is at one moment, with everything that is committed, into one file
   * without side files.
   *
   * @param database absolute path of the database; never written to
   * @param destination path of a file that does not exist yet, in a directory that nobody else uses
   * @returns why the copy is to be doubted, though nothing was seen that speaks against it; null when it is not
   * @throws when it could not be had consistently; the destination is then to be deleted
   */
  copy(database: string, destination: string, conditions: CopyConditions): Promise<string | null>;
  /**
   * Whether nobody is writing into a database now, as SQLite's own lock shows. Only for one that may be opened.
   *
   * @throws what SQLite says
   */
  isFree?(database: string): boolean;
}

export interface CopyConditions {
  /** SQLite was refused its lock just now: somebody is writing, though the system may not show it. */
  refused: boolean;
  /** SQLite was given its lock just now, or no lock was there: nobody was writing when the copy began. */
  isFree: boolean;
  signal: AbortSignal | undefined;
}

export type ReaderName = 'node' | 'better-sqlite3' | 'raw-copy';

/**
 * Pages that SQLite copies at once: few enough that an abort is seen soon. A commit of a writer does not start the copy
 * over, for the connection that is copied from goes on reading all the while.
 */
export const PAGES_AT_ONCE = 2048;

/** How long SQLite itself waits for a writer that holds the database exclusively; this blocks the thread. */
export const BUSY_TIMEOUT_MS = 50;

/** How long to go on asking it; how long once it was asked in vain. */
const PATIENCE_MS = 2000;
const SHORT_PATIENCE_MS = 200;

/**
 * Begins to read, which fixes what the copy will hold and, without WAL, keeps writers from committing until it is made.
 * The `SELECT` matters: `BEGIN` alone takes no lock.
 */
const BEGIN_READING = 'BEGIN; SELECT count(*) FROM sqlite_schema';
const END_READING = 'ROLLBACK';

/** A connection of either library. */
interface Connection {
  exec(sql: string): unknown;
  close(): unknown;
}

/**
 * A reader by the online backup of a library.
 *
 * @param open opens a database for reading
 * @param backup copies what was opened, and looks at the signal on the way
 */
export function libraryReader<Opened extends Connection>(
  name: ReaderName,
  open: (database: string) => Opened,
  backup: (source: Opened, destination: string, signal: AbortSignal | undefined) => Promise<unknown>,
): DatabaseReader {
  return {
    name,
    async copy(database, destination, conditions) {
      const source = open(database);
      try {
        await beginReading(source, conditions);
        await backup(source, destination, conditions.signal);
        return null;
      } finally {
        source.close();
      }
    },
    isFree(database) {
      const source = open(database);
      try {
        return beginsReading(source);
      } finally {
        source.close();
      }
    },
  };
}

/** Begins to read as soon as the writer lets it. */
async function beginReading(connection: Connection, { refused, signal }: CopyConditions): Promise<void> {
  const until = Date.now() + (refused ? SHORT_PATIENCE_MS : PATIENCE_MS);
  while (!beginsReading(connection)) {
    throwIfAborted(signal);
    if (Date.now() > until) throw new DatabaseLocked();
    await setTimeout(1);
  }
}

/** @returns false when a writer holds the database exclusively */
function beginsReading(connection: Connection): boolean {
  try {
    connection.exec(BEGIN_READING);
    return true;
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  try {
    connection.exec(END_READING);
  } catch {
    // It did not even begin.
  }
  return false;
}

/** A process holds a database locked, in the middle of a transaction or for good. */
export class DatabaseLocked extends Error {
  constructor() {
    super('a process holds it locked, in the middle of a transaction: run create again when that has ended');
  }
}

/** SQLITE_BUSY: by its name in one library, by its number in the other. */
function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) || (Number(errcode) & 0xff) === 5;
}
