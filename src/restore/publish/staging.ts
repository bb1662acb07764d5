import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fromSystemError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { describeRemaining, removeTree } from '../../state/remove-tree.ts';
import { clearLeftovers } from './clear-leftovers.ts';
import { findJournal } from './journal.ts';
import type { StateLock } from './lock.ts';
import { assertRecovered } from './needs-recovery.ts';
import type { Place } from './place.ts';
import { inspectTarget, type TargetState } from './target-state.ts';

/** A directory on the file system of the state directory, to be filled and then published. */
export interface Staging {
  readonly id: string;
  /** An empty directory, mode 0700. */
  readonly tree: string;
  /** The real state directory. It may be missing. */
  readonly target: string;
  /** By two renames; or child by child where the state directory itself cannot be renamed. */
  readonly strategy: Place['strategy'];
  readonly lock: StateLock;
  /** What stood at `target` when this was opened. `publish` refuses if that is no longer so. */
  readonly found: TargetState;
  /** Set by `publish` once the tree is live. */
  published: boolean;
  /**
   * Removes the tree. Does nothing once it was published, and nothing while a recovery needs it. Never fails: what cannot be removed is
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
  const { place } = lock;
  await assertRecovered(place.target, lock);
  await clearLeftovers(place, options);
  const id = randomBytes(8).toString('hex');
  const tree = join(place.directory, `${place.names.hidden}staging-${id}`);
  let found: TargetState;
  try {
    found = inspectTarget(place);
    mkdirSync(tree, { mode: 0o700 });
  } catch (error) {
    throw fromSystemError(error, 'make a staging directory', tree);
  }
  const staging: Staging = {
    id,
    tree,
    target: place.target,
    strategy: place.strategy,
    lock,
    found,
    published: false,
    async discard() {
      // Not even a look at the disk: a failure here would pass for one of the restore.
      if (staging.published) return;
      if (isNeeded(place, basename(tree))) return;
      const { remaining } = await removeTree(tree);
      if (remaining.length === 0) return;
      const message = `could not be deleted: ${describeRemaining(remaining)}`;
      options.onEvent?.({ type: 'notice', path: tree, message });
    },
  };
  return staging;
}

function isNeeded(place: Place, tree: string): boolean {
  try {
    return findJournal(place)?.journal.incoming === tree;
  } catch {
    // A journal that cannot be read may need it, and why nothing was published is what matters.
    return true;
  }
}
