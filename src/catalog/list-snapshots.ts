import type { OperationOptions } from '../events.ts';
import { checkOptions, type FolderOption, folderOptionsSchema, folderPath } from '../options.ts';
import { openStorage } from '../storage/open-storage.ts';
import { scanFolder } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';

/**
 * Lists the snapshots of a folder. Reads only the ends of each, so it says nothing about the bytes between; `verifiedAt` does.
 *
 * Folders within it are not looked into.
 *
 * @returns oldest first; other files of the folder are passed over
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder. A file that cannot be read is a row, not an error.
 */
export async function listSnapshots(options: FolderOption & OperationOptions): Promise<SnapshotInfo[]> {
  checkOptions(folderOptionsSchema, options);
  return (await scanFolder(await openStorage(folderPath(options.folder)), options)).map(({ snapshot }) => snapshot);
}
