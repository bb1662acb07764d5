import { BackupError } from '../errors.ts';
import { isEmptySnapshot, type Totals } from '../format/index-root.ts';

type SnapshotCounts = Pick<Totals, 'files' | 'symlinks'>;

// Why a restore is refused before anything is written. The real run throws these, a preview names them.

export function partialReplaceError(): BackupError {
  return new BackupError('USAGE', 'a part of a snapshot cannot replace a whole state directory', {
    hint: 'Add it to what is there with --merge, or restore it into an empty directory.',
  });
}

/** @param counts of all that the snapshot holds, whatever part of it is wanted */
export function refuseEmpty(counts: SnapshotCounts, allowEmpty: boolean | undefined): void {
  if (allowEmpty !== true && isEmptySnapshot(counts)) throw emptySnapshotError();
}

export function emptySnapshotError(): BackupError {
  return new BackupError('SNAPSHOT_EMPTY', 'the snapshot holds no file at all: restoring it would leave nothing', {
    hint: 'If that is what you want, add --allow-empty.',
  });
}
