/** One way to copy a database that others are writing to. */
export interface DatabaseReader {
  readonly name: ReaderName;
  /**
   * Makes one attempt: copies the database as it is at one moment, with everything that is committed, into one file
   * without side files.
   *
   * @param database absolute path of the database; never written to
   * @param destination path of a file that does not exist yet, in a directory that nobody else uses
   * @throws when it could not be had consistently; the destination is then to be deleted
   */
  copy(database: string, destination: string): Promise<void>;
}

export type ReaderName = 'node' | 'better-sqlite3' | 'pair';

/** All pages at once: in smaller steps, each commit of a writer would start the copy over. */
export const ALL_PAGES = 0x7fff_ffff;

/** How long SQLite waits for a writer that holds the database exclusively. */
export const BUSY_TIMEOUT_MS = 2000;

/**
 * Begins to read, which fixes what the copy will hold and, without WAL, keeps writers from committing until it is made.
 * The `SELECT` matters: `BEGIN` alone takes no lock.
 */
export const BEGIN_READING = 'BEGIN; SELECT count(*) FROM sqlite_schema';
