import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OperationOptions } from '../../events.ts';
import { describeRemaining, removeTree } from '../../system/remove-tree.ts';
import { fromSystemError } from '../../system-errors.ts';
import { findJournal } from '../commit/journal.ts';
import type { Location } from '../location.ts';
import type { StateLock } from '../lock/lock.ts';
import { clearWithNotices } from '../recover/clear-leftovers.ts';
import { assertRecovered } from '../recover/needs-recovery.ts';
import { inspectTarget, type TargetState } from '../target-state.ts';

/** A directory on the file system of the state directory, to be filled and then committed. */
export interface Staging {
  readonly id: string;
  /** An empty directory, mode 0700. */
  readonly tree: string;
  /** The real state directory. It may be missing. */
  readonly target: string;
  /** By two renames; or child by child where the state directory itself cannot be renamed. */
  readonly strategy: Location['strategy'];
  readonly lock: StateLock;
  /** What was at `target` when this was opened. `commit` refuses if that is no longer so. */
  readonly found: TargetState;
  /** Set by `commit` once the tree is live. */
  committed: boolean;
  /**
   * Removes the tree. Does nothing once it was committed, and nothing while a recovery needs it. Never fails: what cannot be removed is
   * named in a notice, and the next run tries again.
   */
  discard(): Promise<void>;
}

/**
 * Opens a staging directory for the state directory that `lock` holds. What dead runs left there is cleared first, with a `notice` each.
 *
 * @throws `NEEDS_RECOVERY` if an interrupted restore has to be recovered first; `PERMISSION`, `NO_SPACE`, `IO`.
 */
export async function openStaging(lock: StateLock, options: Pick<OperationOptions, 'onEvent'> = {}): Promise<Staging> {
  const { location } = lock;
  await assertRecovered(location.target, lock);
  await clearWithNotices(location, options);
  const id = randomBytes(8).toString('hex');
  const tree = stagingPath(location, id);
  let found: TargetState;
  try {
    found = inspectTarget(location);
    mkdirSync(tree, { mode: 0o700 });
  } catch (error) {
    throw fromSystemError(error, 'make a staging directory', tree);
  }
  const staging: Staging = {
    id,
    tree,
    target: location.target,
    strategy: location.strategy,
    lock,
    found,
    committed: false,
    async discard() {
      // The disk is not looked at: a failure here would look like one of the restore.
      if (staging.committed) return;
      if (isNeeded(location, basename(tree))) return;
      const { remaining } = await removeTree(tree);
      if (remaining.length === 0) return;
      const message = `could not be deleted: ${describeRemaining(remaining)}`;
      options.onEvent?.({ type: 'notice', path: tree, message });
    },
  };
  return staging;
}

/** Where a staging directory lies. @param id 16 hexadecimal digits */
export function stagingPath({ directory, names }: Location, id: string): string {
  return join(directory, `${names.hidden}staging-${id}`);
}

function isNeeded(location: Location, tree: string): boolean {
  try {
    return findJournal(location)?.journal.incoming === tree;
  } catch {
    // A journal that cannot be read may need it, and why nothing was committed is what matters.
    return true;
  }
}
