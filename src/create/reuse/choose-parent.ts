import { type ScannedSnapshot, scanFolder, scanNewestFirst, snapshotLike } from '../../catalog/scan-folder.ts';
import { type StateSource, sourceKey, sourceOf } from '../../catalog/snapshot-info.ts';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { openStorage } from '../../storage/open-storage.ts';
import type { SnapshotStorage } from '../../storage/storage.ts';

/** So many are looked at where each look is a request or two. */
const MOST_LOOKS = 10;

/**
 * The newest snapshot of a source in a folder that is not known to be damaged: both its ends hold. In object storage it is looked for among
 * the ten newest.
 *
 * @returns its path or URL; null if there is none, or, after a notice, the folder cannot be read
 */
export async function newestOf(source: StateSource, folder: string, options: OperationOptions): Promise<string | null> {
  const wanted = sourceKey(source);
  const isWanted = ({ snapshot: { state, manifest } }: ScannedSnapshot): boolean =>
    state === 'sealed' && sourceKey(sourceOf(manifest)) === wanted;
  try {
    const storage = await openStorage(folder);
    if (storage.isRemote) return await newestRemote(storage, isWanted, options);
    const rows = await scanFolder(storage, { signal: options.signal, choose: snapshotLike });
    return rows.findLast(isWanted)?.snapshot.path ?? null;
  } catch (error) {
    if (!(error instanceof BackupError) || error.code === 'ABORTED') throw error;
    // A folder that cannot be looked through still takes a snapshot.
    const message = `no earlier snapshot can be looked for, so nothing is copied from one: ${error.message}`;
    options.onEvent?.({ type: 'notice', path: folder, message });
    return null;
  }
}

async function newestRemote(
  storage: SnapshotStorage,
  isWanted: (row: ScannedSnapshot) => boolean,
  { signal }: OperationOptions,
): Promise<string | null> {
  let looks = 0;
  for await (const row of scanNewestFirst(storage, { signal })) {
    if (isWanted(row)) return row.snapshot.path;
    if (++looks === MOST_LOOKS) break;
  }
  return null;
}
