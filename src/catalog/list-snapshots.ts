import type { OperationOptions } from '../events.ts';
import { checkOptions, type FolderOption, folderOptionsSchema, folderPath } from '../options.ts';
import { openStorage } from '../storage/open-storage.ts';
import { scanFolder } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';

/**
 * Lists the snapshots of a folder. Only both ends of each are read, so nothing is known about the bytes between; `verifiedAt` is of all bytes.
 * Other files and folders in it are ignored.
 *
 * @returns the snapshots, oldest first; one that cannot be read is among them
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder
 */
export async function listSnapshots(options: FolderOption & OperationOptions): Promise<SnapshotInfo[]> {
  checkOptions(folderOptionsSchema, options);
  return (await scanFolder(await openStorage(folderPath(options.folder)), options)).map(({ snapshot }) => snapshot);
}
