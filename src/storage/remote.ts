import type { SnapshotStorage } from './storage.ts';

/** Whether a location is in object storage (`s3://…`), and no path. A local path of that form is written `./s3://…`. */
export function isRemote(location: string): boolean {
  return /^s3:\/\//i.test(location);
}

/** Whether the location of something remote names one snapshot, going by its extension, and not a folder of them. */
export function isRemoteSnapshot(location: string): boolean {
  const [path = ''] = location.split('?');
  return isRemote(location) && /\.(?:tar\.gz|tgz)$/.test(path);
}

/** The location of the folder that a remote snapshot is in. */
export function remoteFolderOf(location: string): string {
  const query = location.indexOf('?');
  const path = query < 0 ? location : location.slice(0, query);
  return path.slice(0, path.lastIndexOf('/')) + (query < 0 ? '' : location.slice(query));
}

/** One snapshot in object storage, which may not be there yet. */
export interface RemoteSnapshot {
  storage: SnapshotStorage;
  /** Its name in the storage. */
  name: string;
}

/**
 * Opens a folder of snapshots in object storage. What it takes to speak to it is loaded only now.
 *
 * @throws BackupError `USAGE`, `PERMISSION` (of the settings), `IO`
 */
export async function openRemoteFolder(location: string): Promise<SnapshotStorage> {
  const { openS3Storage } = await import('./s3/s3-storage.ts');
  return openS3Storage(location);
}

/** The same for one snapshot. */
export async function openRemoteSnapshot(location: string): Promise<RemoteSnapshot> {
  const { openS3Snapshot } = await import('./s3/s3-storage.ts');
  return openS3Snapshot(location);
}
