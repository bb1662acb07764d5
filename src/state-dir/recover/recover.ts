import { basename, join } from 'node:path';
import type { OperationOptions } from '../../events.ts';
import {
  checkOptions,
  locationSchema,
  OPERATION_SHAPE,
  optionsSchema,
  type StateDirOption,
  toPath,
} from '../../options.ts';
import { fromSystemError } from '../../system-errors.ts';
import { findJournal } from '../commit/journal.ts';
import { inodeAt } from '../commit/swap-paths.ts';
import type { Target } from '../location.ts';
import { acquireStateLock } from '../lock/lock.ts';
import { LOCK_WAIT_SHAPE, type LockWaitOptions } from '../lock/lock-wait.ts';
import { assertNotRunning, RUNNING_SHAPE, type RunningOptions } from '../lock/not-running.ts';
import { findHistory, forUsers, type PreviousState } from '../undo/previous-states.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { resumeChange } from './resume-change.ts';

/** Options of `recoverStateDir`. */
export interface RecoverOptions extends StateDirOption, OperationOptions, RunningOptions, LockWaitOptions {}

const recoverOptionsSchema = optionsSchema<RecoverOptions>(
  { ...OPERATION_SHAPE, ...RUNNING_SHAPE, ...LOCK_WAIT_SHAPE, stateDir: locationSchema },
  ['stateDir'],
);

/** What a recovery found and did. */
export interface RecoverReport {
  /**
   * `clean`: nothing was interrupted. `unchanged`: a restore was killed before it changed anything. `finished`: the new state directory is in
   * place. `rolled-back`: the old one is.
   */
  outcome: 'clean' | 'unchanged' | 'finished' | 'rolled-back';
  /** What was interrupted; null if nothing, or if that is not known. */
  operation: 'restore' | 'undo' | null;
  /** Path of the state directory, symbolic links resolved. */
  stateDir: string;
  /** If the new state directory is in place: path where the previous one is kept, or what a merge replaced. Else null. */
  previousState: string | null;
  /** New paths of files that were created meanwhile where the state directory belongs. */
  movedAside: string[];
  /** Paths of temporary files of killed runs that were removed. */
  cleared: string[];
  /** Where an undo of several steps has done some of them: the previous state that it goes to, with how far it came. Else null. */
  unfinishedUndo: PreviousState | null;
}

/**
 * Finishes an interrupted restore or undo, or rolls it back, by its journal. Then it removes what killed runs left. If it is killed itself, run it
 * again.
 *
 * @throws BackupError `STATE_DIR_LOCKED` if another run is at work, `STATE_DIR_IN_USE` if a process uses the state directory, `NEEDS_RECOVERY` if
 *   the recovery fails; then it may be repeated
 */
export async function recoverStateDir(options: RecoverOptions): Promise<RecoverReport> {
  checkOptions(recoverOptionsSchema, options);
  const stateDir = toPath(options.stateDir);
  const lock = await acquireStateLock(stateDir, 'oxios-backup recover', options);
  try {
    const report: RecoverReport = {
      outcome: 'clean',
      operation: null,
      stateDir: lock.location.target,
      previousState: null,
      movedAside: [],
      cleared: [],
      unfinishedUndo: null,
    };
    const found = findJournal(lock.location);
    if (found !== null) {
      const { location, journal } = found;
      await assertNotRunning(location.target, options);
      lock.assertHeld();
      const { live, movedAside } = resumeChange(location, journal);
      // Of an undo of several steps it is what the first replaced.
      const replaced = journal.history?.undo_steps?.previous ?? journal.kept;
      const kept = replaced === null ? null : join(location.directory, replaced);
      report.outcome = live === 'new' ? 'finished' : 'rolled-back';
      report.operation = journal.operation;
      report.movedAside = movedAside;
      if (live === 'new' && inodeAt(kept) !== null) report.previousState = kept;
      for (const path of movedAside) {
        const message = `was in the way and was moved to ${basename(path)}`;
        options.onEvent?.({ type: 'notice', path, message });
      }
    }
    const cleared = await clearLeftovers(lock.location, options);
    report.cleared = cleared.map(({ path }) => path);
    const unpacked = cleared.some(({ kind }) => kind === 'staging');
    if (found === null && unpacked && !mayHaveMerged(lock.location)) {
      report.outcome = 'unchanged';
      report.operation = 'restore';
    }
    const goal = findHistory(lock.location).states.find(({ unfinishedUndo }) => unfinishedUndo !== null);
    if (goal !== undefined) report.unfinishedUndo = forUsers(goal);
    return report;
  } catch (error) {
    throw fromSystemError(error, 'recover the state directory', lock.location.target);
  } finally {
    await lock.release();
  }
}

/** A merge that is complete leaves what it had unpacked to be removed after it; a replacement moves it. */
function mayHaveMerged(target: Target): boolean {
  return findHistory(target).states[0]?.kind === 'merge';
}
