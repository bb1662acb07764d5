import type { OperationOptions } from '../events.ts';
import { openReader } from '../storage/open-reader.ts';
import type { SnapshotStorage } from '../storage/storage.ts';
import type { Problem } from '../validate/problem.ts';
import { type VerifyOptions, type VerifyResult, verifySource } from '../verify/verify-snapshot.ts';
import { applyRecord, isSameVersion, type ScannedSnapshot, stateOf } from './scan-folder.ts';
import { type RecordKey, recordId, type VerificationRecord, writeRecord } from './verification-records.ts';

/**
 * Verifies a snapshot of a folder and notes the outcome in its row.
 *
 * @param remember whether it is written to the folder's verification records; a failure of that is a notice
 * @throws BackupError when the file cannot be read at all
 */
export async function verifyAndRecord(
  storage: SnapshotStorage,
  row: ScannedSnapshot,
  all: readonly ScannedSnapshot[],
  remember: boolean,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { snapshot, recordKey } = row;
  const result = await verifyStored(storage, snapshot.name, options);
  // Another file may have taken the name meanwhile; then nothing is known of either.
  if (recordKey === null || !(await isSameVersion(storage, row, options.signal))) return result;
  const isDamage = (problem: Problem) => stateOf(problem) === 'unusable';
  const first = result.problems.find(isDamage) ?? result.problems[0];
  // What could not be read is not known: next time it may be.
  if (first !== undefined && !isDamage(first)) {
    snapshot.state = 'unreadable';
    snapshot.verifiedAt = null;
    snapshot.quickVerifiedAt = null;
    snapshot.problem = first;
    return result;
  }
  const record = recordOf(recordKey, snapshot.verifiedAt, result.quick, first);
  // A quick verification alone inflates nothing, so it is not recorded.
  if (record === null) return result;
  applyRecord(snapshot, record);
  if (remember) await tryRemember(storage, record, all, options.onEvent);
  return result;
}

/** @param before when it was last verified completely */
function recordOf(
  key: RecordKey,
  before: Date | null,
  quick: boolean,
  problem: Problem | undefined,
): VerificationRecord | null {
  const now = new Date().toISOString();
  if (problem !== undefined)
    return { ...key, verified_at: now, problem: { code: problem.code, message: problem.message } };
  if (!quick) return { ...key, verified_at: now, problem: null };
  return before === null ? null : { ...key, verified_at: before.toISOString(), quick_at: now, problem: null };
}

async function tryRemember(
  storage: SnapshotStorage,
  record: VerificationRecord,
  all: readonly ScannedSnapshot[],
  onEvent: OperationOptions['onEvent'],
): Promise<void> {
  const present = new Set(all.flatMap(({ recordKey }) => (recordKey === null ? [] : [recordId(recordKey)])));
  try {
    await writeRecord(storage, record, present);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const { location: path } = storage;
    onEvent?.({ type: 'notice', path, message: `what was verified cannot be remembered here: ${reason}` });
  }
}

async function verifyStored(storage: SnapshotStorage, name: string, options: VerifyOptions): Promise<VerifyResult> {
  const source = await openReader(await storage.open(name, options.signal));
  try {
    return await verifySource(source, options);
  } finally {
    await source.close();
  }
}
