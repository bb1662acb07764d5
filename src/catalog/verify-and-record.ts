import type { OperationOptions } from '../events.ts';
import type { Problem } from '../read/problem.ts';
import { type VerifyOptions, type VerifyResult, verifySnapshot } from '../verify/verify-snapshot.ts';
import { applyRecord, isSameFile, type ScannedSnapshot, stateOf } from './scan-folder.ts';
import { recordId, type VerificationRecord, writeRecord } from './verification-records.ts';

/**
 * Verifies a snapshot of a folder and notes the outcome in its row.
 *
 * @param remember whether the folder's memory gets it too; a memory that cannot be written is a notice
 * @throws BackupError when the file cannot be read at all
 */
export async function verifyAndRecord(
  directory: string,
  row: ScannedSnapshot,
  all: readonly ScannedSnapshot[],
  remember: boolean,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { snapshot, identity, recordKey } = row;
  const result = await verifySnapshot(snapshot.path, options);
  // Another file may have taken the name meanwhile; then nothing is known of either.
  if (recordKey === null || !isSameFile(snapshot.path, identity)) return result;
  const isDamage = (problem: Problem) => stateOf(problem) === 'unusable';
  const first = result.problems.find(isDamage) ?? result.problems[0];
  // What could not be read is not known: next time it may be.
  if (first !== undefined && !isDamage(first)) {
    snapshot.state = 'unreadable';
    snapshot.verifiedAt = null;
    snapshot.problem = first;
    return result;
  }
  const record: VerificationRecord = {
    ...recordKey,
    verified_at: new Date().toISOString(),
    problem: first === undefined ? null : { code: first.code, message: first.message },
  };
  applyRecord(snapshot, record);
  if (remember) tryRemember(directory, record, all, options.onEvent);
  return result;
}

function tryRemember(
  directory: string,
  record: VerificationRecord,
  all: readonly ScannedSnapshot[],
  onEvent: OperationOptions['onEvent'],
): void {
  const present = new Set(all.flatMap(({ recordKey }) => (recordKey === null ? [] : [recordId(recordKey)])));
  try {
    writeRecord(directory, record, present);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    onEvent?.({ type: 'notice', path: directory, message: `what was verified cannot be remembered here: ${reason}` });
  }
}
