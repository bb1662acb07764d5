import { readFileSync } from 'node:fs';
import { BackupError } from '../errors.ts';
import { MANIFEST_PATH } from '../format/path-rules.ts';
import { fromSystemError } from '../system-errors.ts';
import type { ExcludedPath } from './capture-report.ts';

/**
 * Sees to it that what has the manifest's name at the top is a stray one, of a backup that was restored there by other
 * means. It is excluded.
 *
 * @param isBackupManifest distinguishes one from a file of the user
 * @throws BackupError `MANIFEST_NAME_TAKEN`; `PERMISSION`, `IO` when it cannot be read
 */
export function assertStrayManifest(
  absolute: string,
  type: ExcludedPath['type'],
  isBackupManifest: (bytes: Uint8Array) => boolean,
): void {
  if (type === 'file' && isBackupManifest(readManifest(absolute))) return;
  throw new BackupError('MANIFEST_NAME_TAKEN', `the state directory holds a "${MANIFEST_PATH}" of its own`, {
    path: absolute,
    hint: `That name belongs to the snapshot: rename it, or exclude it: \`excludes\` with /${MANIFEST_PATH}.`,
  });
}

function readManifest(absolute: string): Buffer {
  try {
    return readFileSync(absolute);
  } catch (error) {
    throw fromSystemError(error, `read ${MANIFEST_PATH} of the state directory`, absolute);
  }
}
