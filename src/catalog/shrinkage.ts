import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import {
  checkArgument,
  checkOptions,
  type FolderOption,
  folderOptionsSchema,
  folderPath,
  shareSchema,
} from '../options.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { StoredObject } from '../storage/storage.ts';
import { type HeldAmount, hasShrunk } from './drops.ts';
import { untouchedReason } from './prune-plan.ts';
import { scanFolder, snapshotLike } from './scan-folder.ts';
import { type SnapshotInfo, type StateSource, sourceKey, sourceOf } from './snapshot-info.ts';

/** The newest snapshot of each source in a folder. */
export type NewestSnapshots = ReadonlyMap<string, SnapshotInfo>;

/** How much less a state holds than its newest snapshot does. */
export interface Shrinkage {
  /** Path of that snapshot. */
  since: string;
  before: HeldAmount;
  after: HeldAmount;
}

/**
 * Finds the newest snapshot of each source in a folder, by the ends of its `*.tar.gz` files; in object storage of the ten that were written last. To be asked
 * before a snapshot is made: that may replace one.
 *
 * @returns empty, after a notice, when the folder cannot be read
 */
export async function newestSnapshots(options: FolderOption & OperationOptions): Promise<NewestSnapshots> {
  checkOptions(folderOptionsSchema, options);
  const directory = folderPath(options.folder);
  const newest = new Map<string, SnapshotInfo>();
  const now = new Date();
  try {
    const storage = await openStorage(directory);
    const choose = storage.isRemote ? newestFew : snapshotLike;
    for (const row of await scanFolder(storage, { signal: options.signal, choose })) {
      if (untouchedReason(row, now) === null) newest.set(sourceKey(sourceOf(row.snapshot.manifest)), row.snapshot);
    }
  } catch (error) {
    if (!(error instanceof BackupError) || error.code === 'ABORTED') throw error;
    const message = `the snapshots in it cannot be compared with: ${error.message}`;
    if (error.code !== 'SNAPSHOT_MISSING') options.onEvent?.({ type: 'notice', path: directory, message });
  }
  return newest;
}

/** Each look is a request or two: that a source is not found among these is worth less than looking at thousands. */
function newestFew(objects: StoredObject[]): StoredObject[] {
  return snapshotLike(objects)
    .sort((a, b) => b.modified.getTime() - a.modified.getTime())
    .slice(0, 10);
}

/**
 * Tells whether a state holds much less than its newest snapshot: it may be half mounted, or half deleted.
 *
 * @param source where the state is from
 * @param after what it holds now
 * @param share how much less is too much, from 0 to 1, in files or in bytes
 * @returns null if it does not
 * @throws BackupError `USAGE` for a share that is none
 */
export function shrinkageOf(
  newest: NewestSnapshots,
  source: StateSource,
  after: HeldAmount,
  share: number,
): Shrinkage | null {
  checkArgument('share', shareSchema, share);
  const before = newest.get(sourceKey(source));
  if (before === undefined || before.totals === null || !hasShrunk(before.totals, after, share)) return null;
  const { files, bytes } = before.totals;
  return { since: before.path, before: { files, bytes }, after: { files: after.files, bytes: after.bytes } };
}
