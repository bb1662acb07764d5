import type { OperationOptions } from '../events.ts';
import type { Problem } from '../read/problem.ts';
import { type VerifyOptions, type VerifyResult, verifySnapshot } from '../verify/verify-snapshot.ts';
import { proofId, type RememberedProof, rememberProof } from './proof-memory.ts';
import { applyProof, isSameFile, type ShelfRow, stateOf } from './scan-shelf.ts';

/**
 * Verifies a snapshot of a folder and notes the outcome in its row.
 *
 * @param remember whether the folder's memory gets it too; a memory that cannot be written is a notice
 * @throws BackupError when the file cannot be read at all
 */
export async function proveSnapshot(
  directory: string,
  row: ShelfRow,
  all: readonly ShelfRow[],
  remember: boolean,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const { snapshot, identity, proofKey } = row;
  const result = await verifySnapshot(snapshot.path, options);
  // Another file may have taken the name meanwhile; then nothing is known of either.
  if (proofKey === null || !isSameFile(snapshot.path, identity)) return result;
  const isDamage = (problem: Problem) => stateOf(problem) === 'unusable';
  const first = result.problems.find(isDamage) ?? result.problems[0];
  // What could not be read is not known: next time it may be.
  if (first !== undefined && !isDamage(first)) {
    snapshot.state = 'unreadable';
    snapshot.provenAt = null;
    snapshot.problem = first;
    return result;
  }
  const proof: RememberedProof = {
    ...proofKey,
    verified_at: new Date().toISOString(),
    problem: first === undefined ? null : { code: first.code, message: first.message },
  };
  applyProof(snapshot, proof);
  if (remember) tryRemember(directory, proof, all, options.onEvent);
  return result;
}

function tryRemember(
  directory: string,
  proof: RememberedProof,
  all: readonly ShelfRow[],
  onEvent: OperationOptions['onEvent'],
): void {
  const present = new Set(all.flatMap(({ proofKey }) => (proofKey === null ? [] : [proofId(proofKey)])));
  try {
    rememberProof(directory, proof, present);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    onEvent?.({ type: 'notice', path: directory, message: `what was proven cannot be remembered here: ${reason}` });
  }
}
