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
import { findHistory } from '../undo/previous-states.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { resumeChange } from './resume-change.ts';

export interface RecoverOptions extends StateDirOption, OperationOptions, RunningOptions, LockWaitOptions {}

const recoverOptionsSchema = optionsSchema<RecoverOptions>(
  { ...OPERATION_SHAPE, ...RUNNING_SHAPE, ...LOCK_WAIT_SHAPE, stateDir: locationSchema },
  ['stateDir'],
);

/** What a recovery found and did. */
export interface RecoverReport {
  /**
   * `clean`: the state directory is whole, there was nothing to recover. `unchanged`: a restore died before it changed anything. `finished`: the
   * new tree is live. `rolled-back`: the state directory is as it was before.
   */
  outcome: 'clean' | 'unchanged' | 'finished' | 'rolled-back';
  /** What had been interrupted; null if nothing, or where it left nothing that tells. */
  operation: 'restore' | 'undo' | null;
  /** The state directory. */
  stateDir: string;
  /** Where what was live before is kept, if the new state is live now: a whole tree, or what a merge took out. */
  previousState: string | null;
  /** What somebody put in the way meanwhile, under its new name. */
  movedAside: string[];
  /** Leftovers of dead runs that were removed. */
  cleared: string[];
}

/**
 * Finishes an interrupted restore or undo, or takes it back, by its journal and by what is on disk; then clears what dead runs left. It may
 * itself be killed at any moment, and run again.
 *
 * @throws `STATE_DIR_LOCKED` if a run is at work; `STATE_DIR_IN_USE` if something is interrupted and a process uses what stands there now; `NEEDS_RECOVERY` if the recovery itself fails (it may be repeated).
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
    };
    const found = findJournal(lock.location);
    if (found !== null) {
      const { location, journal } = found;
      await assertNotRunning(location.target, options);
      lock.assertHeld();
      const { live, movedAside } = resumeChange(location, journal);
      const kept = journal.kept === null ? null : join(location.directory, journal.kept);
      report.outcome = live === 'new' ? 'finished' : 'rolled-back';
      report.operation = journal.operation;
      report.movedAside = movedAside;
      if (live === 'new' && inodeAt(kept) !== null) report.previousState = kept;
      for (const path of movedAside) {
        const message = `stood in the way and was moved to ${basename(path)}`;
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
