import { BackupError } from '../errors.ts';
import { isIncomplete } from '../format/file-status.ts';
import { isEmptySnapshot, type RecordedStatus, type Totals } from '../format/index-root.ts';

/**
 * Refuses a state directory without a file in it. Otherwise nightly snapshots of one that is not mounted would in time replace those that hold everything.
 *
 * @param statuses what was said of its files: when one could not be read, that is the reason
 * @throws BackupError `STATE_DIR_EMPTY`
 */
export function refuseEmptyState(
  root: string,
  totals: Pick<Totals, 'files' | 'symlinks'>,
  statuses: readonly RecordedStatus[],
  allowEmpty: boolean | undefined,
): void {
  if (allowEmpty === true || !isEmptySnapshot(totals)) return;
  const lost = statuses.find(({ status }) => isIncomplete(status));
  if (lost !== undefined) {
    throw new BackupError(
      'STATE_DIR_EMPTY',
      `no file of the state directory ${root} could be captured: ${lost.path}: ${lost.detail}`,
      {
        path: root,
        hint: 'See to that, and run it again. A snapshot of nothing is made with `allowEmpty`.',
      },
    );
  }
  throw new BackupError('STATE_DIR_EMPTY', `there is no file to capture in the state directory ${root}`, {
    path: root,
    hint: 'Is it the right one, and mounted? A snapshot of nothing is made with `allowEmpty`.',
  });
}
