import type { OperationOptions } from '../events.ts';
import { scanShelf } from './scan-shelf.ts';
import { type ShelvedSnapshot, sourceKey, sourceOf } from './shelved-snapshot.ts';

/**
 * Lists the snapshots of a folder. Reads only the ends of each, so it says nothing about the bytes between; `provenAt` does.
 *
 * @param directory the folder; folders within it are not looked into
 * @returns oldest first; other files of the folder are passed over
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder. A file that cannot be read is a row, not an error.
 */
export async function listSnapshots(directory: string, options: OperationOptions = {}): Promise<ShelvedSnapshot[]> {
  const snapshots = (await scanShelf(directory, options.signal)).map(({ snapshot }) => snapshot);
  const before = new Map<string, number>();
  for (const snapshot of snapshots) {
    if (snapshot.state !== 'sealed') continue;
    const key = sourceKey(sourceOf(snapshot.manifest));
    const previous = before.get(key);
    if (previous !== undefined) snapshot.growth = snapshot.length - previous;
    before.set(key, snapshot.length);
  }
  return snapshots;
}
