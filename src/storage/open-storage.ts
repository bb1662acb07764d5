import path from 'node:path';
import { isRemote } from '../location.ts';
import { FolderStorage } from './folder/folder-storage.ts';
import type { SnapshotStorage } from './storage.ts';

/**
 * Opens a folder of snapshots, wherever it is. That it is not there is found out when it is listed. What it takes to speak to object
 * storage is loaded only for that.
 *
 * @param location path of a folder, or the `s3://` URL of a bucket and prefix
 * @throws BackupError for a URL that is not right, or settings that cannot be read: `USAGE`, `PERMISSION`, `IO`
 */
export async function openStorage(location: string): Promise<SnapshotStorage> {
  if (!isRemote(location)) return new FolderStorage(location);
  const { openS3Storage } = await import('./s3/s3-storage.ts');
  return openS3Storage(location);
}

/** One snapshot of a storage, which may not be there yet. */
export interface StoredSnapshot {
  storage: SnapshotStorage;
  /** Its name in the storage. */
  name: string;
}

/**
 * Opens the storage that a snapshot is in, or is to be in.
 *
 * @param location its path or `s3://` URL
 * @throws BackupError as `openStorage`
 */
export async function openStorageOf(location: string): Promise<StoredSnapshot> {
  if (!isRemote(location)) {
    return { storage: new FolderStorage(path.dirname(location)), name: path.basename(location) };
  }
  const { openS3Snapshot } = await import('./s3/s3-storage.ts');
  return openS3Snapshot(location);
}
