import { FolderStorage } from './folder/folder-storage.ts';
import { isRemote, openRemoteFolder } from './remote.ts';
import type { SnapshotStorage } from './storage.ts';

/**
 * Opens a folder of snapshots, wherever it is. That it is not there is found out when it is listed.
 *
 * @param location path of a folder, or the `s3://` URL of a bucket and prefix
 * @throws BackupError for a URL that is not right, or settings that cannot be read: `USAGE`, `PERMISSION`, `IO`
 */
export async function openStorage(location: string): Promise<SnapshotStorage> {
  return isRemote(location) ? openRemoteFolder(location) : new FolderStorage(location);
}
