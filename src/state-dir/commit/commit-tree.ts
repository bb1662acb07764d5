import { basename } from 'node:path';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { mountPointsBelow } from '../../system/mount-points.ts';
import { removeTree } from '../../system/remove-tree.ts';
import { fromSystemError } from '../../system-errors.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { assertNotRunning, type RunningOptions } from '../lock/not-running.ts';
import { performExchange } from '../merge/exchange.ts';
import { ExchangeLayout } from '../merge/exchange-layout.ts';
import { planMerge } from '../merge/plan-merge.ts';
import type { Staging } from '../staging/staging.ts';
import { syncTree } from '../staging/sync-tree.ts';
import { clearVolumes, removeCopies, stageOnVolumes } from '../staging/volume-staging.ts';
import { filledError, inspectTarget, type TargetState } from '../target-state.ts';
import { applyTop, type TopAttributes } from '../top-attributes.ts';
import type { SnapshotOrigin } from '../undo/history.ts';
import { historyAfterRestore } from '../undo/history-changes.ts';
import { findHistory } from '../undo/previous-states.ts';
import { findJournal } from './journal.ts';
import { performSwap } from './swap.ts';

/**
 * What a restore does with a state directory that has content.
 *
 * - `create`: it is refused.
 * - `replace`: it becomes exactly the snapshot; the old state directory is kept.
 * - `merge`: only what the snapshot holds is replaced, path by path; what was replaced is kept.
 */
export type RestoreMode = 'create' | 'replace' | 'merge';

export interface CommitOptions extends OperationOptions, RunningOptions {
  mode: RestoreMode;
  /** Attributes for the state directory itself. What is absent stays as the staged tree has it, or in a merge as it is. */
  top?: TopAttributes;
  /** The snapshot that the staged tree comes from, to be listed with the previous state. */
  snapshot?: SnapshotOrigin | null;
  /** Of a merge: whether directories that are there get the owner of the staged ones. */
  owners?: boolean;
  /** Of a merge: the directories that the snapshot names, whose attributes count; null for all. */
  named?: ReadonlySet<string> | null;
}

export interface CommitResult {
  /** Where what was live before is kept: the whole tree, or what a merge took out; null if there was nothing. */
  previousState: string | null;
}

/**
 * Makes a filled staging tree the state directory. Afterwards it is durable and live; or, when this rejects, the state directory is as it
 * was and the staging tree is still there to be discarded. An abort is honoured until the swap begins; it takes a few system calls
 * and finishes.
 *
 * @throws `TARGET_NOT_EMPTY` (mode `create`); `STATE_DIR_IN_USE` if somebody changed what is there since the staging was opened;
 *   `STATE_DIR_LOCKED` if the lock was taken away; `ABORTED`; `NO_SPACE`, `PERMISSION`, `IO`; `NEEDS_RECOVERY` if the swap failed and could not be rolled back.
 */
export async function commit(staging: Staging, options: CommitOptions): Promise<CommitResult> {
  try {
    throwIfAborted(options.signal);
    if (options.mode === 'create') refuseContent(staging.found, staging.target);
    const isMerge = options.mode === 'merge' && staging.found.kind !== 'missing';
    if (!isMerge) applyTop(staging.tree, options.top ?? {});
    options.onEvent?.({ type: 'phase', phase: 'sync' });
    await syncTree(staging.tree, options);
    throwIfAborted(options.signal);
    // Again, for everything before took long: a service that was stopped may have been started again. Notices were given before.
    await assertNotRunning(staging.target, { forceRunning: options.forceRunning ?? false });
    return isMerge ? await mergeIn(staging, options) : swapIn(staging, options);
  } catch (error) {
    throw fromSystemError(error, 'commit the restored tree', staging.target);
  }
}

/** Plans, copies to volumes what belongs there, and only then touches the state directory. */
async function mergeIn(staging: Staging, options: CommitOptions): Promise<CommitResult> {
  const { top = {}, owners = false, named = null, snapshot = null, signal, onEvent } = options;
  const { location } = staging.lock;
  onEvent?.({ type: 'phase', phase: 'commit' });
  const record = await planMerge(location, staging.tree, { ...options, top, owners, named });
  const incoming = basename(staging.tree);
  const layout = new ExchangeLayout(location, { incoming, kept: incoming }, record.volumes);
  try {
    await stageOnVolumes(record, layout, staging.tree, signal);
    assertUnchanged(staging, 'merge');
    const history = findHistory(location);
    const { previousState, movedAside, journalRemains } = performExchange(location, {
      operation: 'restore',
      incoming,
      record,
      historyAfter: (displaced) => historyAfterRestore(location, history, displaced, snapshot),
    });
    staging.committed = true;
    // What was copied to volumes still lies in it. While a recovery needs it, it stays.
    if (!journalRemains) await removeTree(staging.tree);
    reportMovedAside(movedAside, journalRemains, onEvent);
    return { previousState: previousState };
  } catch (error) {
    // While a recovery needs them, the copies stay.
    if (record.volumes.length > 1 && findJournal(location) === null) {
      removeCopies(record, layout);
      clearVolumes(record, layout, 'before');
    }
    throw error;
  }
}

function swapIn(staging: Staging, { mode, snapshot = null, onEvent }: CommitOptions): CommitResult {
  const { location } = staging.lock;
  onEvent?.({ type: 'phase', phase: 'commit' });
  const now = assertUnchanged(staging, mode);
  const mounted = location.strategy === 'rename' ? mountPointsBelow(location.target) : [];
  const history = findHistory(location);
  const { previousState, movedAside, journalRemains } = performSwap(location, {
    operation: 'restore',
    incoming: basename(staging.tree),
    found: now,
    historyAfter: (displaced) => historyAfterRestore(location, history, displaced, snapshot),
  });
  staging.committed = true;
  for (const path of mounted) {
    const message = `was mounted there; it is still mounted, now below ${previousState}`;
    onEvent?.({ type: 'notice', path, message });
  }
  reportMovedAside(movedAside, journalRemains, onEvent);
  return { previousState };
}

function reportMovedAside(
  movedAside: readonly string[],
  journalRemains: boolean,
  onEvent: CommitOptions['onEvent'],
): void {
  for (const path of movedAside) {
    onEvent?.({ type: 'notice', path, message: 'appeared in the state directory meanwhile and was moved here' });
  }
  if (journalRemains) {
    const message = 'restored, but the journal could not be removed';
    onEvent?.({ type: 'notice', message, hint: 'Run: `recoverStateDir()`' });
  }
}

/** The last look before the state directory is touched. */
function assertUnchanged({ lock, found, target }: Staging, mode: RestoreMode): TargetState {
  lock.assertHeld();
  const now = inspectTarget(lock.location);
  if (mode === 'create') refuseContent(now, target);
  refuseChanged(found, now, target);
  return now;
}

function refuseContent({ isVacant }: TargetState, target: string): void {
  if (!isVacant) throw filledError(target);
}

function refuseChanged(found: TargetState, now: TargetState, target: string): void {
  if (found.inode === now.inode && found.kind === now.kind) return;
  throw new BackupError('STATE_DIR_IN_USE', 'somebody else changed the state directory while it was being restored', {
    path: target,
    hint: 'Stop what uses it, then run it again.',
  });
}
