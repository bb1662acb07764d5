import { basename } from 'node:path';
import { BackupError, fromSystemError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { mountPointsBelow } from '../../state/mount-points.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { notEmptyError } from '../refusals.ts';
import { completeFromOldTree } from './complete-from-old-tree.ts';
import { assertNotRunning, type RunningOptions } from './not-running.ts';
import type { Staging } from './staging.ts';
import { performSwap } from './swap.ts';
import { syncTree } from './sync-tree.ts';
import { inspectTarget, type TargetState } from './target-state.ts';
import { applyTop, type TopAttributes } from './top-attributes.ts';

/**
 * - `create`: the state directory must be missing or empty.
 * - `replace`: it becomes exactly the staged tree; what was there is kept.
 * - `merge`: what it has and the staged tree has not is copied there first; then as `replace`.
 */
export type PublishMode = 'create' | 'replace' | 'merge';

export interface PublishOptions extends OperationOptions, RunningOptions {
  mode: PublishMode;
  /** Attributes for the state directory itself. What is absent stays as the staged tree has it. */
  top?: TopAttributes;
}

export interface PublishResult {
  /** Where the tree that was live before is kept; null if there was none. */
  replacedTree: string | null;
}

/**
 * Makes a filled staging tree the state directory. Afterwards it is durable and live; or, when this rejects, the state directory is as it
 * was and the staging tree is still there to be discarded. An abort is heeded until the swap begins; it takes a few system calls
 * and finishes.
 *
 * @throws `TARGET_NOT_EMPTY` (mode `create`); `STATE_DIR_IN_USE` if somebody changed what stands there since the staging was opened;
 *   `STATE_DIR_LOCKED` if the lock was taken away; `ABORTED`; `NO_SPACE`, `PERMISSION`, `IO`; `NEEDS_RECOVERY` if the swap failed and could not be taken back.
 */
export async function publish(staging: Staging, options: PublishOptions): Promise<PublishResult> {
  try {
    throwIfAborted(options.signal);
    if (options.mode === 'create') refuseContent(staging.found, staging.target);
    await completeTree(staging, options);
    throwIfAborted(options.signal);
    // Again, after all that took long: a service that was stopped may have been started anew. Notices were given by then.
    await assertNotRunning(staging.target, { forceRunning: options.forceRunning ?? false });
    return swapIn(staging, options);
  } catch (error) {
    throw fromSystemError(error, 'publish the restored tree', staging.target);
  }
}

/** Everything that can take long or fail for want of space, before the state directory is touched. */
async function completeTree(staging: Staging, { mode, top, signal, onEvent }: PublishOptions): Promise<void> {
  if (mode === 'merge' && staging.found.kind === 'content') {
    await completeFromOldTree(staging.lock.place, staging.tree, { signal, onEvent });
  }
  applyTop(staging.tree, top ?? {});
  onEvent?.({ type: 'phase', phase: 'sync' });
  await syncTree(staging.tree, { signal, onEvent });
}

function swapIn(staging: Staging, { mode, onEvent }: PublishOptions): PublishResult {
  const { place } = staging.lock;
  const notice = (message: string, path?: string) =>
    onEvent?.({ type: 'notice', message, ...(path === undefined ? {} : { path }) });
  onEvent?.({ type: 'phase', phase: 'publish' });
  staging.lock.assertHeld();
  const now = inspectTarget(place);
  if (mode === 'create') refuseContent(now, staging.target);
  refuseChanged(staging.found, now, staging.target);
  const mounted = place.strategy === 'rename' ? mountPointsBelow(place.target) : [];
  const { replacedTree, movedAside, journalRemains } = performSwap(place, 'restore', basename(staging.tree), now);
  staging.published = true;
  for (const path of mounted) notice(`was mounted there; it is still mounted, now below ${replacedTree}`, path);
  for (const path of movedAside) notice('appeared in the state directory during the swap and was moved here', path);
  if (journalRemains) notice('restored, but the journal could not be removed: run oxios-backup recover');
  return { replacedTree };
}

function refuseContent({ kind }: TargetState, target: string): void {
  if (kind === 'content') throw notEmptyError(target);
}

function refuseChanged(found: TargetState, now: TargetState, target: string): void {
  if (found.inode === now.inode && found.kind === now.kind) return;
  throw new BackupError('STATE_DIR_IN_USE', 'somebody else changed the state directory while it was being restored', {
    path: target,
    hint: 'Stop what uses it, then run it again.',
  });
}
