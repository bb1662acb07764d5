import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, fromSystemError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import {
  checkArgument,
  checkOptions,
  OPERATION_SHAPE,
  operationSchema,
  optionsSchema,
  pathSchema,
} from '../../options.ts';
import { fsyncDirectory } from '../../state/fsync-directory.ts';
import { mountPointsBelow } from '../../state/mount-points.ts';
import { describeRemaining, findObstacle, hintFor, removeTree } from '../../state/remove-tree.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { findKept, type KeptTree, type PlacedTree } from './kept-trees.ts';
import { acquireStateLock, type StateLock } from './lock.ts';
import { assertRecovered } from './needs-recovery.ts';
import { assertNotRunning, RUNNING_SHAPE, type RunningOptions } from './not-running.ts';
import { performSwap } from './swap.ts';
import { inspectTarget } from './target-state.ts';

export interface UndoOptions extends OperationOptions, RunningOptions {}

const undoOptionsSchema = optionsSchema<UndoOptions>({ ...OPERATION_SHAPE, ...RUNNING_SHAPE });

export interface UndoReport {
  /** The state directory. */
  stateDir: string;
  /** The tree that is live again: where it was kept, and when it had been replaced. */
  restored: KeptTree;
  /** Where the tree that was live until now is kept (undo again to have it back); null if there was none. */
  keptTree: string | null;
}

export interface DiscardReport {
  discarded: KeptTree[];
  entries: number;
  /** Sizes of the files removed. */
  bytes: number;
}

/**
 * Puts the newest kept tree back in place of the state directory, as atomically as a restore does. The tree that was live is kept in its
 * stead: the undo of an undo is an undo.
 *
 * @throws `NOTHING_TO_UNDO`; `STATE_DIR_LOCKED`; `STATE_DIR_IN_USE`; `NEEDS_RECOVERY`; `PERMISSION`, `IO`, with everything as it was.
 */
export async function undoRestore(stateDir: string, options: UndoOptions = {}): Promise<UndoReport> {
  checkArgument('stateDir', pathSchema, stateDir);
  checkOptions(undoOptionsSchema, options);
  return withLock(stateDir, 'undo', options, async (lock) => {
    const newest = newestKept(lock);
    const { place } = newest;
    await clearLeftovers(place, options);
    await assertNotRunning(place.target, options);
    lock.assertHeld();
    const mounted = place.strategy === 'rename' ? mountPointsBelow(place.target) : [];
    const { replacedTree, movedAside } = performSwap(place, 'undo', newest.name, inspectTarget(place));
    for (const path of mounted) {
      const message = `was mounted there; it is still mounted, now below ${replacedTree}`;
      options.onEvent?.({ type: 'notice', path, message });
    }
    for (const path of movedAside) {
      options.onEvent?.({
        type: 'notice',
        path,
        message: 'appeared in the state directory during the swap; moved here',
      });
    }
    const restored = { path: newest.path, replacedAt: newest.replacedAt };
    return { stateDir: place.target, restored, keptTree: replacedTree };
  });
}

function newestKept(lock: StateLock): PlacedTree {
  const [newest] = findKept(lock.place.target);
  if (newest === undefined) {
    throw new BackupError('NOTHING_TO_UNDO', 'no replaced tree of this state directory is kept', {
      path: lock.place.target,
      hint: 'Only restores with --replace or --merge keep one, until it is discarded.',
    });
  }
  if (newest.place.strategy === 'rename' && lock.place.strategy === 'children') {
    throw new BackupError('NOTHING_TO_UNDO', 'the kept tree lies outside of what is mounted at the state directory', {
      path: newest.path,
      hint: 'Copy it back by hand, or unmount the state directory first.',
    });
  }
  return newest;
}

/**
 * Removes every kept tree of a state directory, to free their space. This cannot be undone.
 *
 * @throws `NOTHING_TO_UNDO` if there is none; `STATE_DIR_LOCKED`; `NEEDS_RECOVERY`; `PERMISSION`, `IO`.
 */
export async function discardUndo(stateDir: string, options: OperationOptions = {}): Promise<DiscardReport> {
  checkArgument('stateDir', pathSchema, stateDir);
  checkOptions(operationSchema, options);
  return withLock(stateDir, 'undo --discard', options, async (lock) => {
    newestKept(lock);
    await clearLeftovers(lock.place, options);
    const report: DiscardReport = { discarded: [], entries: 0, bytes: 0 };
    // All of them, before the first one goes.
    for (const { path } of findKept(lock.place.target)) await refuseUndeletable(path);
    for (const { name, path, place, replacedAt } of findKept(lock.place.target)) {
      // Under another name first: killed half-way, what is left of it must not pass for a kept tree.
      const trash = join(place.directory, `${place.names.hidden}trash-${randomBytes(8).toString('hex')}`);
      try {
        renameSync(join(place.directory, name), trash);
        fsyncDirectory(place.directory);
      } catch (error) {
        throw fromSystemError(error, 'remove the kept tree', path);
      }
      const { entries, bytes, remaining } = await removeTree(trash);
      report.entries += entries;
      report.bytes += bytes;
      const [obstacle] = remaining;
      if (obstacle !== undefined) {
        throw new BackupError('IO', `could not delete all of ${path}: ${describeRemaining(remaining)}`, {
          path: trash,
          hint: `What is left of it is in nobody's way. ${hintFor(obstacle)}`,
        });
      }
      report.discarded.push({ path, replacedAt });
    }
    return report;
  });
}

/** @throws `PERMISSION` if something keeps a tree from being deleted: it is whole then, and under its name. */
async function refuseUndeletable(tree: string): Promise<void> {
  const obstacle = await findObstacle(tree);
  if (obstacle === null) return;
  throw new BackupError('PERMISSION', `the kept tree cannot be deleted: ${obstacle.reason}`, {
    path: tree,
    hint: hintFor(obstacle),
  });
}

async function withLock<T>(
  stateDir: string,
  purpose: string,
  { onEvent }: OperationOptions,
  act: (lock: StateLock) => Promise<T>,
): Promise<T> {
  const lock = await acquireStateLock(stateDir, purpose, onEvent && { onEvent });
  try {
    await assertRecovered(stateDir, lock);
    return await act(lock);
  } catch (error) {
    throw fromSystemError(error, `do the ${purpose}`, lock.place.target);
  } finally {
    await lock.release();
  }
}
