import { dirname } from 'node:path';
import type { BackupError } from '../../errors.ts';
import { fromScratchError, isSystemError } from '../../system-errors.ts';

/** Calls that are made on copies only, never on what is copied. */
const WRITING = new Set(['write', 'ftruncate', 'fchmod', 'chmod', 'unlink']);

/** SQLite's errors of writing, by name in one library and by number in the other. The database that is copied is never written to. */
const FULL = { name: 'SQLITE_FULL', number: 13 };
const WRITE_ERRORS = /^SQLITE_IOERR_(?:WRITE|FSYNC|DIR_FSYNC|TRUNCATE|DELETE|DELETE_NOENT)$/;
/** `SQLITE_IOERR` in the lower byte; write, fsync, dir_fsync, truncate, delete above. */
const WRITE_ERROR_NUMBERS = new Set([3, 4, 5, 6, 10].map((kind) => 10 | (kind << 8)));

/**
 * Distinguishes a failure of our own temporary files from one of the database that is copied there: it ends the run, for the next
 * database would fare no better.
 *
 * @param copy path of the copy that was being made
 * @returns null when it is none of ours
 */
export function scratchFailure(error: unknown, copy: string): BackupError | null {
  const folder = dirname(copy);
  const doing = 'copy a database into the folder for temporary files';
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  if (isSystemError(error)) {
    const isOurs = WRITING.has(error.syscall ?? '') || error.path?.startsWith(copy) === true;
    return isOurs ? fromScratchError(error, doing, folder) : null;
  }
  if (code === FULL.name || errcode === FULL.number) {
    return fromScratchError(Object.assign(new Error(String(message)), { code: 'ENOSPC' }), doing, folder);
  }
  const isWrite = WRITE_ERRORS.test(String(code)) || WRITE_ERROR_NUMBERS.has(Number(errcode));
  return isWrite ? fromScratchError(error, doing, folder) : null;
}
