import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOptions } from '../../events.ts';
import { bytePath } from '../../system/byte-path.ts';
import { mountPointsBelow } from '../../system/mount-points.ts';
import { describeRemaining, removeTree } from '../../system/remove-tree.ts';
import { type HiddenKind, hiddenKind, NAMES_ON_VOLUME, parseStamp, RESERVED_DIRECTORY } from '../artifact-names.ts';
import { tryTo } from '../commit/commit-change.ts';
import { bothLocations, type Location, type Target } from '../location.ts';
import { removeSkeleton } from '../merge/exchange-moves.ts';
import { removeReserved } from '../staging/volume-staging.ts';
import { findHistory, namesAt } from '../undo/previous-states.ts';

const SAID_AS: Partial<Record<HiddenKind, string>> = {
  staging: 'cleared what a run that died had unpacked',
  trash: 'finished removing a discarded tree',
};

/**
 * Removes what runs that died left around a state directory, names each in a notice, and returns the paths of those that are gone. What
 * cannot be removed (something is mounted in it, or immutable) stays under its name, is named too, and is in nobody's way: the next run
 * tries again. Whoever calls this holds the lock (so nothing of it is in use) and knows that there is no journal (so nothing of it is needed).
 */
export async function clearLeftovers(
  target: Target,
  { onEvent }: Pick<OperationOptions, 'onEvent'>,
): Promise<string[]> {
  const cleared: string[] = [];
  const known = new Set(findHistory(target).states.map(({ name }) => name));
  for (const { directory, names } of locationsToClear(target)) {
    for (const name of namesAt({ directory })) {
      const path = join(directory, name);
      const kind = hiddenKind(name, names);
      if (kind === 'journal-temporary' || kind === 'history-temporary') await removeTree(path);
      // Where a merge was about to keep things, or had kept some that are back: empty directories.
      const isMerged = parseStamp(name, names.merged) !== null;
      if (isMerged && !known.has(name.slice(names.merged.length))) tryTo(() => removeSkeleton(bytePath(path)));
      const message = kind === null ? undefined : SAID_AS[kind];
      if (message === undefined) continue;
      const { remaining } = await removeTree(path);
      if (remaining.length === 0) cleared.push(path);
      onEvent?.({
        type: 'notice',
        path,
        message: remaining.length === 0 ? message : `could not be deleted: ${describeRemaining(remaining)}`,
      });
    }
    if (names === NAMES_ON_VOLUME) removeReserved(directory);
  }
  return cleared;
}

/** Beside the state directory, in it, and at the tops of the volumes that are mounted below it. */
function locationsToClear(target: Target): Pick<Location, 'directory' | 'names'>[] {
  const volumes =
    lstatSync(target.target, { throwIfNoEntry: false }) === undefined ? [] : mountPointsBelow(target.target);
  return [
    ...bothLocations(target),
    ...volumes.map((volume) => ({ directory: join(volume, RESERVED_DIRECTORY), names: NAMES_ON_VOLUME })),
  ];
}
