import { scanFolder, snapshotLike } from '../../catalog/scan-folder.ts';
import { type StateSource, sourceKey, sourceOf } from '../../catalog/snapshot-info.ts';
import { BackupError } from '../../errors.ts';
import { openStorage } from '../../storage/open-storage.ts';

/**
 * The newest snapshot of a source in a folder that is not known to be damaged: both its ends hold.
 *
 * @returns its path; null if there is none, or the folder cannot be read
 */
export async function newestOf(
  source: StateSource,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    const rows = await scanFolder(await openStorage(folder), { signal, choose: snapshotLike });
    const wanted = sourceKey(source);
    const newest = rows.findLast(
      ({ snapshot: { state, manifest } }) => state === 'sealed' && sourceKey(sourceOf(manifest)) === wanted,
    );
    return newest?.snapshot.path ?? null;
  } catch (error) {
    // A folder that cannot be looked through still takes a snapshot.
    if (error instanceof BackupError && error.code !== 'ABORTED') return null;
    throw error;
  }
}
