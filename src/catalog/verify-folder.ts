import { BackupError } from '../errors.ts';
import { checkOptions, type FolderOption, folderPath, folderSchema, optionsSchema } from '../options.ts';
import type { Problem } from '../read/problem.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
import { VERIFY_SHAPE, type VerifyOptions, type VerifyResult } from '../verify/verify-snapshot.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { noSnapshots, problemFrom, type ScannedSnapshot, scanFolder, stateOf } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';
import { verifyAndRecord } from './verify-and-record.ts';

/** What became of one snapshot of a folder. */
export interface SnapshotVerification {
  /** As it stands after the verification. */
  snapshot: SnapshotInfo;
  /** Whether every byte was verified; of an foreign one, whether all checks that it can undergo held. */
  valid: boolean;
  problems: Problem[];
  /** Null when the file could not be read at all. */
  verification: VerifyResult | null;
}

export interface VerifyFolderResult {
  /** Path of the folder. */
  directory: string;
  /** Whether all are valid. */
  valid: boolean;
  /** Oldest first. */
  snapshots: SnapshotVerification[];
}

const verifyFolderSchema = optionsSchema<FolderOption & VerifyOptions>({ ...VERIFY_SHAPE, folder: folderSchema }, [
  'folder',
]);

/**
 * Verifies every snapshot of a folder, whatever was remembered of it: one that was verified completely before by the digests of its stored
 * bytes (`quick` is `true` for all then, or `false` for none), for what they inflate to is known. Remembers the outcome (in `.oxios-backup-verified.json` there) for `listSnapshots` and
 * `pruneSnapshots`. Each is remembered at once, so what was verified before an interruption stays.
 *
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder, or no snapshot in it; a snapshot that is not valid, or cannot be read, is a result, not an error
 */
export async function verifyFolder(options: FolderOption & VerifyOptions): Promise<VerifyFolderResult> {
  checkOptions(verifyFolderSchema, options);
  const directory = folderPath(options.folder);
  const storage = await openStorage(directory);
  const rows = await scanFolder(storage, options);
  if (rows.length === 0) throw noSnapshots(storage, directory);
  const snapshots: SnapshotVerification[] = [];
  for (const [at, row] of rows.entries()) {
    throwIfAborted(options.signal);
    options.onEvent?.({
      type: 'notice',
      path: row.snapshot.path,
      message: `is being verified (${at + 1} of ${rows.length})`,
    });
    snapshots.push(await verifyOne(storage, row, rows, options));
  }
  return { directory: storage.location, valid: snapshots.every(({ valid }) => valid), snapshots };
}

async function verifyOne(
  storage: SnapshotStorage,
  row: ScannedSnapshot,
  rows: readonly ScannedSnapshot[],
  options: VerifyOptions,
): Promise<SnapshotVerification> {
  const { snapshot } = row;
  try {
    const quick = options.quick ?? snapshot.verifiedAt !== null;
    const verification = await verifyAndRecord(storage, row, rows, true, { ...options, quick });
    return { snapshot, valid: verification.valid, problems: verification.problems, verification };
  } catch (error) {
    if (error instanceof BackupError && error.code === 'ABORTED') throw error;
    const problem = problemFrom(error, snapshot.path);
    snapshot.state = stateOf(problem);
    snapshot.problem = problem;
    snapshot.verifiedAt = null;
    snapshot.quickVerifiedAt = null;
    return { snapshot, valid: false, problems: [problem], verification: null };
  }
}
