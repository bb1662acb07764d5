import { BackupError } from '../errors.ts';
import { printable } from '../format/printable.ts';
import { checkOptions, type FolderOption, flagSchema, folderPath, folderSchema, optionsSchema } from '../options.ts';
import { clearAbandoned } from '../storage/clear-abandoned.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
import type { Problem } from '../validate/problem.ts';
import { COMPLETE_VERIFY_SHAPE, type CompleteVerifyOptions } from '../verify/verify-snapshot.ts';
import { throwIfAborted } from '../workers/abort.ts';
import {
  groupBySource,
  type PlannedGroup,
  type PruneGroup,
  planGroup,
  type UntouchedReason,
  untouchedReason,
} from './prune-plan.ts';
import { POLICY_SHAPE, policyOf, type RetentionPolicy } from './retention.ts';
import { isSameVersion, noSnapshots, problemFrom, type ScannedSnapshot, scanFolder, stateOf } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';
import { verifyAndRecord } from './verify-and-record.ts';

/** Options of `pruneSnapshots`. At least one rule must be given. */
export interface PruneOptions extends FolderOption, RetentionPolicy, CompleteVerifyOptions {
  /**
   * Only plan. Snapshots are verified as in a real run, but nothing is removed or recorded.
   *
   * @default false
   */
  dryRun?: boolean;
}

const pruneOptionsSchema = optionsSchema<PruneOptions>(
  { ...COMPLETE_VERIFY_SHAPE, ...POLICY_SHAPE, folder: folderSchema, dryRun: flagSchema },
  ['folder'],
);

/** What `pruneSnapshots` did, or would do. */
export interface PruneResult {
  /** Path of the folder, or its `s3://` URL. */
  directory: string;
  /** Whether it was a dry run. */
  dryRun: boolean;
  /** What is kept and why, and what is removed, for each source. */
  groups: PruneGroup[];
  /** Snapshots that no rule applies to, and why. They are kept, and do not count for any rule; remove them by hand. */
  untouched: { snapshot: SnapshotInfo; reason: UntouchedReason }[];
  /** Snapshots that were removed, in that order. Empty for a dry run. */
  removed: SnapshotInfo[];
  /** Snapshots that should have been removed and could not be, and why. */
  failed: { snapshot: SnapshotInfo; problem: Problem }[];
  /** Length of the removed files in bytes; for a dry run, of those that would be removed. */
  freedBytes: number;
}

/**
 * Removes the snapshots of a folder that no rule keeps. Each source (host name and state directory) is decided by itself.
 *
 * The last good snapshot is kept, whatever the rules say. Before anything of a source is removed, its newest snapshot is verified, even if it was
 * verified before; if it is damaged, the one before it is verified, and so on. If the newest is not complete, the newest complete one is verified
 * and kept as well. So is the newest from before a drop to less than half.
 *
 * Snapshots that are damaged, hold nothing, or have a time in the future are kept too, and do not count for any rule. Only sealed snapshots are
 * ever removed, and what killed runs left in the folder.
 *
 * @throws BackupError `USAGE` if no rule keeps anything, `SNAPSHOT_MISSING` if there is no such folder or no snapshot in it, `ABORTED` before
 *   anything was removed
 */
export async function pruneSnapshots(options: PruneOptions): Promise<PruneResult> {
  checkOptions(pruneOptionsSchema, options);
  const directory = folderPath(options.folder);
  const policy = policyOf(options);
  const { dryRun = false, signal } = options;
  const storage = await openStorage(directory);
  if (!dryRun) await clearAbandoned(storage, options);
  const rows = await scanFolder(storage, options);
  if (rows.length === 0) throw noSnapshots(storage, directory);
  const now = new Date();
  const verify = (row: ScannedSnapshot) => verifyOrSetAside(storage, row, rows, options);
  const plan: PlannedGroup[] = [];
  for (const group of groupBySource(rows, now)) plan.push(await planGroup(group, policy, verify));
  const result: PruneResult = {
    directory: storage.location,
    dryRun,
    groups: plan.map(describe),
    untouched: rows.flatMap((row) => {
      const reason = untouchedReason(row, now);
      return reason === null ? [] : [{ snapshot: row.snapshot, reason }];
    }),
    removed: [],
    failed: [],
    freedBytes: 0,
  };
  throwIfAborted(signal);
  if (dryRun) result.freedBytes = lengthOf(result.groups.flatMap(({ remove }) => remove));
  else {
    for (const group of plan) await removeFrom(storage, group, result);
    result.freedBytes = lengthOf(result.removed);
  }
  return result;
}

async function verifyOrSetAside(
  storage: SnapshotStorage,
  row: ScannedSnapshot,
  rows: readonly ScannedSnapshot[],
  options: PruneOptions,
): Promise<void> {
  const { snapshot } = row;
  options.onEvent?.({ type: 'snapshot', path: snapshot.path });
  try {
    const { dryRun = false, ...verifyOptions } = options;
    await verifyAndRecord(storage, row, rows, !dryRun, verifyOptions);
    if (!(await isSameVersion(storage, row, options.signal))) throw replaced(snapshot);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'ABORTED') throw error;
    snapshot.problem = problemFrom(error, snapshot.path);
    snapshot.state = stateOf(snapshot.problem);
    snapshot.verifiedAt = null;
    snapshot.quickVerifiedAt = null;
  }
}

function describe({ source, decided }: PlannedGroup): PruneGroup {
  return {
    source,
    keep: decided
      .filter(({ reasons }) => reasons.length > 0)
      .map(({ snapshot, reasons }) => ({ snapshot: snapshot.row.snapshot, reasons })),
    remove: rowsToRemove({ source, decided }).map(({ snapshot }) => snapshot),
  };
}

/** What is to be removed, oldest first, so that an interruption leaves the newer ones. */
function rowsToRemove({ decided }: PlannedGroup): ScannedSnapshot[] {
  return decided
    .filter(({ reasons }) => reasons.length === 0)
    .map(({ snapshot }) => snapshot.row)
    .reverse();
}

async function removeFrom(storage: SnapshotStorage, group: PlannedGroup, result: PruneResult): Promise<void> {
  // The plan depends on these: if one is gone by now, nothing of the group may be removed.
  const lastGood = group.decided
    .filter(({ reasons, snapshot }) => snapshot.verified && reasons.length > 0)
    .map(({ snapshot }) => snapshot.row);
  for (const { snapshot, version } of rowsToRemove(group)) {
    try {
      for (const row of lastGood) if (!(await isSameVersion(storage, row))) throw replaced(row.snapshot);
      // Without the signal: if it were interrupted, what was removed would not be reported.
      await storage.remove({ name: snapshot.name, version });
      result.removed.push(snapshot);
    } catch (error) {
      result.failed.push({ snapshot, problem: problemFrom(error, snapshot.path) });
    }
  }
}

function replaced({ name, path }: SnapshotInfo): BackupError {
  return new BackupError(
    'SNAPSHOT_REPLACED',
    `${printable(name)} is not the file any more that it was when the folder was read`,
    {
      path,
      hint: 'Something else works in this folder: run it again when that is done.',
    },
  );
}

function lengthOf(snapshots: readonly SnapshotInfo[]): number {
  return snapshots.reduce((sum, { length }) => sum + length, 0);
}
