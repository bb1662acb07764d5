import path from 'node:path';
import { BackupError } from '../errors.ts';
import { checkArgument, checkOptions, pathSchema } from '../options.ts';
import type { Problem } from '../read/problem.ts';
import { type VerifyOptions, type VerifyResult, verifyOptionsSchema } from '../verify/verify-snapshot.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { proveSnapshot } from './prove-snapshot.ts';
import { noSnapshots, problemFrom, type ShelfRow, scanShelf, stateOf } from './scan-shelf.ts';
import type { ShelvedSnapshot } from './shelved-snapshot.ts';

/** What became of one snapshot of a folder. */
export interface ShelfVerification {
  /** As it stands after the verification. */
  snapshot: ShelvedSnapshot;
  /** Whether every byte was proven; of an unsealed one, whether all checks that it can undergo held. */
  valid: boolean;
  problems: Problem[];
  /** Null when the file could not be read at all. */
  verification: VerifyResult | null;
}

export interface ShelfVerifyResult {
  /** Path of the folder. */
  directory: string;
  /** Whether all are valid. */
  valid: boolean;
  /** Oldest first. */
  snapshots: ShelfVerification[];
}

/**
 * Verifies every snapshot of a folder, whatever was remembered of it, and remembers the outcome (in `.oxios-backup-proofs.json` there) for `listSnapshots` and
 * `pruneSnapshots`. Each is remembered at once, so what was proven before an interruption stays.
 *
 * @param directory the folder
 * @throws BackupError `SNAPSHOT_MISSING` if there is no such folder, or no snapshot in it; a snapshot that is not valid, or cannot be read, is a result, not an error
 */
export async function verifyShelf(directory: string, options: VerifyOptions = {}): Promise<ShelfVerifyResult> {
  checkArgument('directory', pathSchema, directory);
  checkOptions(verifyOptionsSchema, options);
  const rows = await scanShelf(directory, options.signal);
  if (rows.length === 0) throw noSnapshots(directory);
  const snapshots: ShelfVerification[] = [];
  for (const [at, row] of rows.entries()) {
    throwIfAborted(options.signal);
    options.onEvent?.({
      type: 'notice',
      path: row.snapshot.path,
      message: `is being verified (${at + 1} of ${rows.length})`,
    });
    snapshots.push(await verifyOne(directory, row, rows, options));
  }
  return { directory: path.resolve(directory), valid: snapshots.every(({ valid }) => valid), snapshots };
}

async function verifyOne(
  directory: string,
  row: ShelfRow,
  rows: readonly ShelfRow[],
  options: VerifyOptions,
): Promise<ShelfVerification> {
  const { snapshot } = row;
  try {
    const verification = await proveSnapshot(directory, row, rows, true, options);
    return { snapshot, valid: verification.valid, problems: verification.problems, verification };
  } catch (error) {
    if (error instanceof BackupError && error.code === 'ABORTED') throw error;
    const problem = problemFrom(error, snapshot.path);
    snapshot.state = stateOf(problem);
    snapshot.problem = problem;
    snapshot.provenAt = null;
    return { snapshot, valid: false, problems: [problem], verification: null };
  }
}
