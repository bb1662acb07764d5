import { BackupError, type ErrorCode } from '../errors.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { printable } from '../format/printable.ts';

/** One thing that is wrong with a snapshot. */
export interface Problem {
  /** Code of the error that a restore would end in. */
  code: ErrorCode;
  /** What is wrong, in one line. */
  message: string;
  /** Paths of the entries that it concerns, as far as known. */
  paths: string[];
  /** Where the bytes that it concerns begin in the file, as far as known. */
  offset?: number;
  /** Number of these bytes. */
  length?: number;
  /** What to do, where the code has a better answer than another copy. */
  hint?: string;
}

/** A problem as an error; `where` names the snapshot. */
export function problemError(problem: Problem): BackupError {
  return new BackupError(problem.code, problem.message, { path: problem.paths[0], hint: problem.hint ?? DAMAGED_HINT });
}

/** An error of reading a snapshot as a problem. Errors that are not about the snapshot are thrown on. */
export function problemOf(error: unknown, paths: string[] = []): Problem {
  if (!(error instanceof BackupError) || error.kind !== 'invalid') throw error;
  return {
    code: error.code,
    message: error.message,
    paths: error.path === undefined ? paths : [error.path],
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

/** A few of many names, for a message. */
export function formatPaths(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => `"${printable(path)}"`);
  return paths.length > shown.length ? `${shown.join(', ')} and ${paths.length - shown.length} more` : shown.join(', ');
}
