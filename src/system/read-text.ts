import { readFileSync } from 'node:fs';
import { fromSystemError } from '../system-errors.ts';

/**
 * The text of a small file of our own; null where there is none.
 *
 * @param doing for the message, as `fromSystemError` takes it
 * @throws BackupError `PERMISSION`, `IO`
 */
export function readTextIfThere(path: string, doing: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw fromSystemError(error, doing, path);
  }
}
