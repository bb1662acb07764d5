import { BackupError } from '../errors.ts';
import { printable } from '../format/printable.ts';
import { checkOptions, type FolderOption, flagSchema, folderPath, folderSchema, optionsSchema } from '../options.ts';
import type { Problem } from '../read/problem.ts';
import { clearAbandoned } from '../storage/clear-abandoned.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
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

export interface PruneOptions extends FolderOption, RetentionPolicy, CompleteVerifyOptions {
  /**
   * Only say what would be done. Snapshots are verified as for the real run, but nothing is removed or remembered.
   *
   * @default false
   */
  dryRun?: boolean;
}

const pruneOptionsSchema = optionsSchema<PruneOptions>(
  { ...COMPLETE_VERIFY_SHAPE, ...POLICY_SHAPE, folder: folderSchema, dryRun: flagSchema },
  ['folder'],
);

export interface PruneResult {
  /** Path of the folder. */
  directory: string;
  dryRun: boolean;
  /** The plan: what stays and why, and what goes, for each source. */
  groups: PruneGroup[];
  /** What no rule applies to, and why. It stays, and fills no rule's place; remove it by hand. */
  untouched: { snapshot: SnapshotInfo; reason: UntouchedReason }[];
  /** What was removed, in that order. Empty for a dry run. */
  removed: SnapshotInfo[];
  /** What should have been removed and was not. */
  failed: { snapshot: SnapshotInfo; problem: Problem }[];
  /** Bytes that the removed files took; for a dry run, that those to be removed take. */
  freedBytes: number;
}

/**
 * Removes the snapshots of a folder that no rule of the policy keeps. Those of each source (host name and state directory) are decided on their own.
 *
 * The last good backup stays, whatever the rules say: before anything of a source is removed, its newest snapshot is verified, also if it was
 * before; if it is damaged, the one before it, and so on. If the newest is incomplete, the newest complete one is verified and kept in the same way, and so is
 * the newest from before a drop to less than half. What is damaged, holds nothing, or is dated in the future is kept too, but fills no rule's place,
 * so a streak of those displaces nothing. Nothing but sealed snapshots is ever removed, and what runs that were killed left there, as `createSnapshot` clears it.
 *
 * @throws BackupError `USAGE` for a policy that keeps nothing, `SNAPSHOT_MISSING` if there is no such folder or no snapshot in it, `ABORTED` before anything was
 *   removed
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
  options.onEvent?.({
    type: 'notice',
    path: snapshot.path,
    message: 'is being verified before older snapshots are removed',
  });
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
    remove: goingRows({ source, decided }).map(({ snapshot }) => snapshot),
  };
}

/** What goes, oldest first, so that an interruption leaves the newer ones. */
function goingRows({ decided }: PlannedGroup): ScannedSnapshot[] {
  return decided
    .filter(({ reasons }) => reasons.length === 0)
    .map(({ snapshot }) => snapshot.row)
    .reverse();
}

async function removeFrom(storage: SnapshotStorage, group: PlannedGroup, result: PruneResult): Promise<void> {
  // The plan stands on these; if one has gone since, nothing of the group may go.
  const lastGood = group.decided
    .filter(({ reasons, snapshot }) => snapshot.verified && reasons.length > 0)
    .map(({ snapshot }) => snapshot.row);
  for (const { snapshot, version } of goingRows(group)) {
    try {
      for (const row of lastGood) if (!(await isSameVersion(storage, row))) throw replaced(row.snapshot);
      // Not to be interrupted: what was removed would not be told.
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
