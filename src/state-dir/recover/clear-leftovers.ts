import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOptions } from '../../events.ts';
import { bytePath } from '../../system/byte-path.ts';
import { mountPointsBelow } from '../../system/mount-points.ts';
import { describeRemaining, removeTree } from '../../system/remove-tree.ts';
import { fromSystemError } from '../../system-errors.ts';
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

/** What a dead run left, and is gone now. */
export interface Cleared {
  path: string;
  kind: HiddenKind;
  message: string;
}

/**
 * Removes what runs that died left around a state directory, and returns what is gone. What cannot be removed (something is mounted in it, or
 * immutable) stays under its name, is named in a notice, and is in nobody's way: the next run tries again. Whoever calls this holds the lock (so
 * nothing of it is in use) and knows that there is no journal (so nothing of it is needed).
 */
export async function clearLeftovers(
  target: Target,
  { onEvent }: Pick<OperationOptions, 'onEvent'>,
): Promise<Cleared[]> {
  const cleared: Cleared[] = [];
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
      if (kind === null || message === undefined) continue;
      const { remaining } = await removeTree(path);
      if (remaining.length === 0) cleared.push({ path, kind, message });
      else onEvent?.({ type: 'notice', path, message: `could not be deleted: ${describeRemaining(remaining)}` });
    }
    if (names === NAMES_ON_VOLUME) removeReserved(directory);
  }
  return cleared;
}

/** The same, with a notice of each that is gone: for a run that is about something else. */
export async function clearWithNotices(target: Target, options: Pick<OperationOptions, 'onEvent'>): Promise<void> {
  for (const { path, message } of await clearLeftovers(target, options)) {
    options.onEvent?.({ type: 'notice', path, message });
  }
}

/** Beside the state directory, in it, and at the tops of the volumes that are mounted below it. */
function locationsToClear(target: Target): Pick<Location, 'directory' | 'names'>[] {
  return [
    ...bothLocations(target),
    ...volumesBelow(target.target).map((volume) => ({
      directory: join(volume, RESERVED_DIRECTORY),
      names: NAMES_ON_VOLUME,
    })),
  ];
}

function volumesBelow(directory: string): string[] {
  try {
    return lstatSync(directory, { throwIfNoEntry: false }) === undefined ? [] : mountPointsBelow(directory);
  } catch (error) {
    throw fromSystemError(error, 'look at the state directory', directory);
  }
}
