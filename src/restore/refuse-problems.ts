import { problemError } from '../validate/problem.ts';
import type { SnapshotValidator } from '../validate/snapshot-validator.ts';

/** @throws BackupError with the first problem that was found in a snapshot */
export function refuseProblems({ problems: [problem] }: SnapshotValidator): void {
  if (problem !== undefined) throw problemError(problem);
}
