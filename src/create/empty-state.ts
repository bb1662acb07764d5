import { BackupError } from '../errors.ts';
import { isEmptySnapshot, type Totals } from '../format/index-root.ts';

/**
 * Refuses a state directory without a file in it. Nightly snapshots of one that is not mounted would in time take the place of those that hold everything.
 *
 * @throws BackupError `STATE_DIR_EMPTY`
 */
export function refuseEmptyState(
  root: string,
  totals: Pick<Totals, 'files' | 'symlinks'>,
  allowEmpty: boolean | undefined,
): void {
  if (allowEmpty === true || !isEmptySnapshot(totals)) return;
  throw new BackupError('STATE_DIR_EMPTY', `there is no file to capture in the state directory ${root}`, {
    path: root,
    hint: 'Is it the right one, and mounted? A snapshot of nothing is made with --allow-empty.',
  });
}
