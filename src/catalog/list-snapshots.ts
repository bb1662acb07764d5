import type { OperationOptions } from '../events.ts';
import { checkArgument, checkOptions, operationSchema, pathSchema } from '../options.ts';
import { openStorage } from '../storage/open-storage.ts';
import { scanFolder } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';

/**
 * Lists the snapshots of a folder. Reads only the ends of each, so it says nothing about the bytes between; `verifiedAt` does.
 *
 * @param directory the folder, or its `s3://` URL; folders within it are not looked into
 * @returns oldest first; other files of the folder are passed over
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder. A file that cannot be read is a row, not an error.
 */
export async function listSnapshots(directory: string, options: OperationOptions = {}): Promise<SnapshotInfo[]> {
  checkArgument('directory', pathSchema, directory);
  checkOptions(operationSchema, options);
  return (await scanFolder(await openStorage(directory), options)).map(({ snapshot }) => snapshot);
}
