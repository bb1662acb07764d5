import { BackupError } from '../errors.ts';
import { checkOptions, type FolderOption, folderPath, folderSchema, optionsSchema } from '../options.ts';
import { openStorage } from '../storage/open-storage.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
import type { Problem } from '../validate/problem.ts';
import { VERIFY_SHAPE, type VerifyOptions, type VerifyResult } from '../verify/verify-snapshot.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { noSnapshots, problemFrom, type ScannedSnapshot, scanFolder, stateOf } from './scan-folder.ts';
import type { SnapshotInfo } from './snapshot-info.ts';
import { verifyAndRecord } from './verify-and-record.ts';

/** The verification of one snapshot of a folder. */
export interface SnapshotVerification {
  /** What is known of it after the verification. */
  snapshot: SnapshotInfo;
  /** Whether it is valid: every byte of it was verified. Of a foreign archive: whether every check that is possible succeeded. */
  valid: boolean;
  /** What is wrong; empty if it is valid. */
  problems: Problem[];
  /** The whole result; null if the file could not be read at all. */
  verification: VerifyResult | null;
}

/** The verification of a folder. */
export interface VerifyFolderResult {
  /** Path of the folder, or its `s3://` URL. */
  directory: string;
  /** Whether all snapshots are valid. */
  valid: boolean;
  /** All snapshots, oldest first. */
  snapshots: SnapshotVerification[];
}

const verifyFolderSchema = optionsSchema<FolderOption & VerifyOptions>({ ...VERIFY_SHAPE, folder: folderSchema }, [
  'folder',
]);

/**
 * Verifies every snapshot of a folder. A snapshot that was verified completely before is verified by its stored bytes alone; `quick: false`
 * verifies all of them completely, `quick: true` none.
 *
 * Each result is recorded at once in the file `.oxios-backup-verified.json` of the folder, for `listSnapshots` and `findLatest`.
 *
 * @returns the results; a snapshot that is not valid, or cannot be read, is a result, not an error
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder, or no snapshot in it
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
    options.onEvent?.({ type: 'snapshot', path: row.snapshot.path, number: at + 1, total: rows.length });
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
