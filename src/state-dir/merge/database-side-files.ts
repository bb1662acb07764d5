import { closeSync, openSync, readSync } from 'node:fs';
import type { BytePath } from '../../system/byte-path.ts';
import { DATABASE_MAGIC, SIDE_FILE_MAGICS, SIDE_FILE_SUFFIXES } from '../../system/sqlite-files.ts';
import { lstatIfAny } from '../../system/stat-if-any.ts';

const SUFFIXES: readonly BytePath[] = SIDE_FILE_SUFFIXES.map((suffix) => Buffer.from(suffix));
const [WAL, , SHM] = SUFFIXES as [BytePath, BytePath, BytePath];

/** A log or a journal begins so. */
const LOG_MAGICS = [...SIDE_FILE_MAGICS['-wal'], ...SIDE_FILE_MAGICS['-journal']];

/** What is beside a database under the names of its side files; each is what follows its name: `-wal`. */
export interface SideFiles {
  /** Those that go with it. */
  goes: BytePath[];
  /** Those that are somebody's own. */
  stays: BytePath[];
}

/**
 * The files that have to go with a database which is exchanged: an old write-ahead log beside another database would silently undo
 * the restore of it.
 *
 * A name alone does not make a side file: `travel-journal` beside `travel` is somebody's journal. What counts is what SQLite goes by: the
 * database's own header, or, where there is no database or an encrypted one, that of the log.
 *
 * @param database path of the database, which may be missing
 * @param stoodBefore whether a side file was there before this database was: then only its own header counts
 */
export function databaseSideFiles(database: BytePath, stoodBefore?: (suffix: BytePath) => boolean): SideFiles {
  const found = SUFFIXES.filter((suffix) => isFile(sideFile(database, suffix)));
  if (found.length === 0) return { goes: [], stays: [] };
  const isDatabase = isSqliteDatabase(database);
  const isLog = (suffix: BytePath) => begins(sideFile(database, suffix), LOG_MAGICS);
  // Shared memory has no mark of its own.
  const isMarked = (suffix: BytePath) => isLog(suffix) || (suffix === SHM && found.includes(WAL) && isLog(WAL));
  const goes = found.filter((suffix) => (isDatabase && stoodBefore?.(suffix) !== true) || isMarked(suffix));
  return { goes, stays: found.filter((suffix) => !goes.includes(suffix)) };
}

/** Whether a SQLite database that can be read without a key is there; one that may not be read counts as one. */
export function isSqliteDatabase(path: BytePath): boolean {
  return begins(path, [DATABASE_MAGIC]);
}

function sideFile(database: BytePath, suffix: Buffer): BytePath {
  return Buffer.concat([database, suffix]);
}

function isFile(path: BytePath): boolean {
  return lstatIfAny(path)?.isFile() ?? false;
}

function begins(path: BytePath, beginnings: readonly Buffer[]): boolean {
  if (!isFile(path)) return false;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    // What may not be read may be one: going along, it is kept; staying, it could undo the restore.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return true;
    throw error;
  }
  try {
    const head = Buffer.alloc(DATABASE_MAGIC.length);
    const length = readSync(descriptor, head, 0, head.length, 0);
    return beginnings.some((each) => length >= each.length && head.subarray(0, each.length).equals(each));
  } finally {
    closeSync(descriptor);
  }
}
