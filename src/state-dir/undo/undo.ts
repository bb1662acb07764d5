import { basename } from 'node:path';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import {
  checkOptions,
  locationSchema,
  OPERATION_SHAPE,
  optionsSchema,
  type StateDirOption,
  textSchema,
  toPath,
} from '../../options.ts';
import { mountPointsBelow } from '../../system/mount-points.ts';
import { fromSystemError } from '../../system-errors.ts';
import type { Committed } from '../commit/commit-change.ts';
import { performSwap } from '../commit/swap.ts';
import { acquireStateLock, type StateLock } from '../lock/lock.ts';
import { LOCK_WAIT_SHAPE, type LockWaitOptions } from '../lock/lock-wait.ts';
import { assertNotRunning, RUNNING_SHAPE, type RunningOptions } from '../lock/not-running.ts';
import { performExchange } from '../merge/exchange.ts';
import { clearWithNotices } from '../recover/clear-leftovers.ts';
import { assertRecovered } from '../recover/needs-recovery.ts';
import { inspectTarget } from '../target-state.ts';
import type { UndoSteps } from './history.ts';
import { historyAfterUndo } from './history-changes.ts';
import { planReversal } from './plan-reversal.ts';
import { findHistory, findNamed, forUsers, type KeptState, type PreviousState, routeTo } from './previous-states.ts';

type StepsDone = Omit<UndoSteps, 'previous'> | null;

/** Options of `undoRestore`. */
export interface UndoOptions extends StateDirOption, OperationOptions, RunningOptions, LockWaitOptions {
  /**
   * Name of the previous state to go to, as `listPrevious` has it, or the path of its directory.
   *
   * @default the newest one that was not undone
   */
  to?: string;
}

const undoOptionsSchema = optionsSchema<UndoOptions>(
  { ...OPERATION_SHAPE, ...RUNNING_SHAPE, ...LOCK_WAIT_SHAPE, to: textSchema, stateDir: locationSchema },
  ['stateDir'],
);

/** What `undoRestore` did. */
export interface UndoReport {
  /** Path of the state directory, symbolic links resolved. */
  stateDir: string;
  /** The previous state that is in place again. */
  restored: PreviousState;
  /** All previous states that were put back for it, one after the other; the last is `restored`. */
  steps: PreviousState[];
  /** Path where the state is kept that was in place until now; null if there was none. `to` puts it back. */
  previousState: string | null;
}

/**
 * Puts a previous state back, as atomically as a restore does: the newest that was not undone, or the one that is named. So a repeated undo goes
 * further back. Merges in between are reversed one after the other; each is complete before the next begins. What is replaced is kept, too.
 *
 * @throws BackupError `NOTHING_TO_UNDO`, `STATE_DIR_LOCKED`, `STATE_DIR_IN_USE`, `NEEDS_RECOVERY`, `PERMISSION`, `IO`; everything is then as it was
 *   before the step that failed
 */
export async function undoRestore(options: UndoOptions): Promise<UndoReport> {
  checkOptions(undoOptionsSchema, options);
  const stateDir = toPath(options.stateDir);
  return withLock(stateDir, 'undo', options, async (lock) => {
    const history = findHistory(lock.location);
    const wanted =
      options.to === undefined ? newestUndoable(history.states, lock) : findNamed(options.to, history, lock.location);
    const route = routeTo(wanted, history);
    if (route === null) throw unreachableError(wanted);
    for (const step of route) refuseOutside(step, lock);
    await clearWithNotices(lock.location, options);
    await assertNotRunning(lock.location.target, options);
    let previousState: string | null = null;
    for (const [index, { name }] of route.entries()) {
      try {
        lock.assertHeld();
        const step = findNamed(name, findHistory(lock.location), lock.location);
        const displaced = putBack(step, stepsAfter(step, wanted, index + 1, route.length), options);
        if (index === 0) previousState = displaced;
      } catch (error) {
        throw index === 0 ? error : betweenSteps(error, wanted, index, route.length);
      }
    }
    return { stateDir: lock.location.target, restored: forUsers(wanted), steps: route.map(forUsers), previousState };
  });
}

/** What is on record of an undo to `wanted` once `done` of its steps are; null for one of a single step. */
function stepsAfter(step: KeptState, wanted: KeptState, done: number, steps: number): StepsDone {
  return steps === 1 ? null : { to: wanted.recorded.state, done, steps, reached: step.recorded.replaced_at };
}

function betweenSteps(error: unknown, { name }: KeptState, done: number, steps: number): unknown {
  if (!(error instanceof BackupError) || error.code === 'NEEDS_RECOVERY') return error;
  const { code, message, path, hint, cause } = error;
  return new BackupError(code, `${message} (${done} of the ${steps} steps to ${name} are done)`, { path, hint, cause });
}

/** @returns where what was live until now is kept */
function putBack(step: KeptState, steps: StepsDone, options: OperationOptions): string | null {
  const { location } = step;
  const history = findHistory(location);
  const common = { operation: 'undo', incoming: basename(step.path) } as const;
  let done: Committed & { previousState: string | null };
  if (step.kind === 'merge') {
    done = performExchange(location, {
      ...common,
      record: planReversal(step),
      historyAfter: (displaced) => historyAfterUndo(location, history, step, displaced, steps),
    });
  } else {
    const mounted = location.strategy === 'rename' ? mountPointsBelow(location.target) : [];
    const swapped = performSwap(location, {
      ...common,
      found: inspectTarget(location),
      historyAfter: (displaced) => historyAfterUndo(location, history, step, displaced, steps),
    });
    done = { ...swapped, previousState: swapped.previousState };
    for (const path of mounted) {
      const message = `was mounted there; it is still mounted, now below ${done.previousState}`;
      options.onEvent?.({ type: 'notice', path, message });
    }
  }
  for (const path of done.movedAside) {
    const message = 'appeared in the state directory meanwhile and was moved here';
    options.onEvent?.({ type: 'notice', path, message });
  }
  if (done.journalRemains) {
    const message = 'put back, but the journal could not be removed';
    options.onEvent?.({ type: 'notice', message, hint: 'Run: `recoverStateDir()`' });
  }
  return done.previousState;
}

function newestUndoable(states: readonly KeptState[], lock: StateLock): KeptState {
  const newest = states.find(({ undoable }) => undoable);
  if (newest !== undefined) return newest;
  const { target } = lock.location;
  if (states.length === 0) throw nothingKeptError(target);
  throw new BackupError('NOTHING_TO_UNDO', 'everything that restores replaced has been put back', {
    path: target,
    hint: 'What undo itself replaced is put back by its name: `listPrevious()` shows it, `to` takes it.',
  });
}

export function nothingKeptError(target: string): BackupError {
  return new BackupError('NOTHING_TO_UNDO', 'the state directory has no previous state', {
    path: target,
    hint: "Only restores with `mode: 'replace'` or `mode: 'merge'` keep one, until it is discarded.",
  });
}

function unreachableError({ name, path }: KeptState): BackupError {
  return new BackupError('NOTHING_TO_UNDO', `${name} is a part of a state that is no longer there`, {
    path,
    hint: 'What a merge took out lies below "before" in that directory: copy back by hand what you need.',
  });
}

function refuseOutside({ location, path }: KeptState, lock: StateLock): void {
  if (location.strategy !== 'rename' || lock.location.strategy !== 'children') return;
  throw new BackupError(
    'NOTHING_TO_UNDO',
    'the previous state lies outside of what is mounted at the state directory',
    {
      path,
      hint: 'Copy it back by hand, or unmount the state directory first.',
    },
  );
}

/** Does something with the previous states of a state directory under its lock. */
export async function withLock<T>(
  stateDir: string,
  purpose: string,
  options: OperationOptions & LockWaitOptions,
  act: (lock: StateLock) => Promise<T>,
): Promise<T> {
  const lock = await acquireStateLock(stateDir, purpose, options);
  try {
    await assertRecovered(stateDir, lock);
    return await act(lock);
  } catch (error) {
    throw fromSystemError(error, `do the ${purpose}`, lock.location.target);
  } finally {
    await lock.release();
  }
}
