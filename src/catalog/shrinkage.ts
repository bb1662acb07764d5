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

/** The newest snapshot of each source in a folder, for `shrinkageOf`. Its keys are opaque. */
export type NewestSnapshots = ReadonlyMap<string, SnapshotInfo>;

/** How much less a state holds than its newest snapshot does. */
export interface Shrinkage {
  /** Path of that snapshot. */
  since: string;
  /** What that snapshot holds. */
  before: HeldAmount;
  /** What the state holds now. */
  after: HeldAmount;
}

/**
 * Finds the newest snapshot of each source in a folder, by both ends of its `*.tar.gz` files. In object storage only the ten that were written last
 * are read. Call it before a snapshot is made, because that may replace one.
 *
 * @returns the newest of each source; empty, with a notice, if the folder cannot be read
 * @throws BackupError `USAGE`, `ABORTED`
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
 * Finds out whether a state holds much less than its newest snapshot. Then a part of it may be deleted, or not mounted.
 *
 * @param newest what `newestSnapshots` returned
 * @param source what the state is of
 * @param after what it holds now
 * @param share how much less is too much, from 0 to 1, in files or in bytes
 * @returns by how much it shrank; null if by no more than that share
 * @throws BackupError `USAGE` for a share that is not from 0 to 1
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
