import path from 'node:path';
import type { OperationOptions } from '../events.ts';
import {
  checkOptions,
  flagSchema,
  OPERATION_SHAPE,
  oneOfSchema,
  optionsSchema,
  snapshotSchema,
  stateDirPath,
  stateDirSchema,
  threadsSchema,
} from '../options.ts';
import { compileSelection, SELECTION_SHAPE, type Selection, type SelectionOptions } from '../patterns/selection.ts';
import { openSnapshot } from '../read/open-snapshot.ts';
import type { RestoreMode } from '../state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../state-dir/lock/lock.ts';
import { LOCK_WAIT_SHAPE, type LockWaitOptions } from '../state-dir/lock/lock-wait.ts';
import { assertNotRunning, RUNNING_SHAPE, type RunningOptions } from '../state-dir/lock/not-running.ts';
import { openStaging, type Staging } from '../state-dir/staging/staging.ts';
import type { StateStore } from '../state-dir/state-store.ts';
import { notEmptyError } from '../state-dir/target-state.ts';
import { openInPlace, openReader, type SnapshotOption, snapshotPath } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { fromSystemError, isSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { executeRestore, type RestoreResult } from './execute-restore.ts';
import type { ExternalLinks } from './external-links.ts';
import { leftBehind, realPathIfAny } from './left-behind.ts';
import { type OpenedAhead, openAhead } from './open-ahead.ts';
import { mayGiveOwners, ownersError } from './owner-right.ts';
import { planRestoreTo } from './plan-restore.ts';
import { partialReplaceError } from './refusals.ts';
import { probedFileSystem } from './target-file-system.ts';

/** How a snapshot is restored. All of them may be absent. */
export interface RestoreOptions extends OperationOptions, SelectionOptions, RunningOptions, LockWaitOptions {
  /**
   * What happens to a state directory that has content. `create` refuses it (`TARGET_NOT_EMPTY`). `replace` makes it exactly the snapshot, and
   * keeps the old state directory beside it. `merge` replaces what the snapshot holds, changes nothing else, and keeps what it replaced.
   * `undoRestore` puts back what was kept.
   *
   * @default `create`
   */
  mode?: RestoreMode;
  /**
   * Restore also a snapshot that holds neither a file nor a symbolic link. Without it, that is `SNAPSHOT_EMPTY`.
   *
   * @default false
   */
  allowEmpty?: boolean;
  /**
   * What happens to symbolic links that lead out of the state directory.
   *
   * @default `refuse`
   */
  externalLinks?: ExternalLinks;
  /**
   * Give everything the owner and group that the snapshot names, by number. Only root can do that; for anybody else it is `USAGE`.
   *
   * @default false
   */
  sameOwner?: boolean;
  /**
   * Number of worker threads, from 1 to 1024.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
}

/** Options of `restoreSnapshot`. */
export interface RestoreSnapshotOptions extends SnapshotOption, RestoreOptions {
  /** Path or `file:` URL of the state directory, or its `StateStore`. It need not exist. */
  stateDir: string | URL | StateStore;
}

const RESTORE_SHAPE = {
  ...OPERATION_SHAPE,
  ...SELECTION_SHAPE,
  mode: oneOfSchema(['create', 'replace', 'merge']),
  allowEmpty: flagSchema,
  externalLinks: oneOfSchema(['refuse', 'keep', 'skip']),
  sameOwner: flagSchema,
  ...RUNNING_SHAPE,
  ...LOCK_WAIT_SHAPE,
  threads: threadsSchema,
};
export const restoreOptionsSchema = optionsSchema<RestoreOptions>(RESTORE_SHAPE);
export const restoreSnapshotSchema = optionsSchema<RestoreSnapshotOptions>(
  { ...RESTORE_SHAPE, stateDir: stateDirSchema, snapshot: snapshotSchema },
  ['stateDir', 'snapshot'],
);

/**
 * Restores a state directory from a snapshot. Everything is written to a directory beside the state directory, and every byte is verified.
 * Only then that directory takes its place, as a whole. With `paths` or `sections` only a part is restored; that needs the mode `create` or
 * `merge`.
 *
 * @returns what was restored; look at `complete`
 * @throws BackupError when nothing was changed, or `NEEDS_RECOVERY` when `recoverStateDir` has to complete it
 */
export async function restoreSnapshot(options: RestoreSnapshotOptions): Promise<RestoreResult> {
  checkOptions(restoreSnapshotSchema, options);
  const stateDir = stateDirPath(options.stateDir);
  const { mode = 'create', signal } = options;
  const selection = compileSelection(options);
  if (selection !== null && mode === 'replace') throw partialReplaceError();
  if (options.sameOwner === true && !mayGiveOwners()) throw ownersError();
  throwIfAborted(signal);
  // Before anything about the target. What comes through a pipe is spooled beside it, once it is locked.
  const inPlace = await openInPlace(options.snapshot, { signal });
  const ahead = await openAhead(inPlace, selection, options.threads);
  try {
    const lock = await acquireStateLock(stateDir, 'oxios-backup restore', { ...options, makeParents: true });
    try {
      await assertNotRunning(lock.location.target, options);
      const staging = await openStaging(lock, options);
      try {
        if (mode === 'create' && !staging.found.isVacant) throw notEmptyError(staging.target, selection !== null);
        return await restoreInto(staging, { inPlace, ahead }, selection, options);
      } catch (error) {
        throw isSystemError(error) ? fromSystemError(error, 'restore the snapshot', staging.target) : error;
      } finally {
        await staging.discard();
      }
    } finally {
      await lock.release();
    }
  } finally {
    await ahead?.pool.close();
    await inPlace?.close();
  }
}

/** Plans the restore, refuses it if the plan does, and executes the plan. */
async function restoreInto(
  staging: Staging,
  { inPlace, ahead }: { inPlace: RangeReader | null; ahead: OpenedAhead | null },
  selection: Selection | null,
  options: RestoreSnapshotOptions,
): Promise<RestoreResult> {
  const { snapshot, mode = 'create', signal, onEvent } = options;
  const source = inPlace ?? (await openReader(snapshot, { spoolDir: staging.lock.location.directory, signal }));
  try {
    onEvent?.({ type: 'phase', phase: 'check' });
    const destination = {
      target: staging.target,
      staging: staging.tree,
      hasContent: staging.found.kind === 'content',
      fileSystem: probedFileSystem(staging.tree),
    };
    const opened = ahead?.opened ?? (await openSnapshot(source));
    const plan = await planRestoreTo(destination, opened, selection, { ...options, pool: ahead?.pool });
    try {
      for (const notice of plan.contents.notices) onEvent?.({ type: 'notice', ...notice });
      for await (const refusal of plan.refusals()) throw refusal;
      const location = snapshotPath(snapshot);
      const file = realPathIfAny(location);
      const name = location === null ? null : path.basename(source.name);
      const result = await executeRestore(plan, staging, { ...options, name });
      if (mode === 'replace' && result.previousState !== null) {
        for (const notice of leftBehind(result.stateDir, result.previousState, file))
          onEvent?.({ type: 'notice', ...notice });
      }
      return result;
    } finally {
      await plan.contents.close();
    }
  } finally {
    if (inPlace === null) await source.close();
  }
}
