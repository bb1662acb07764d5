import { join } from 'node:path';
import type { OperationOptions } from '../../events.ts';
import { describeRemaining, removeTree } from '../../state/remove-tree.ts';
import { type HiddenKind, hiddenKind } from './artifact-names.ts';
import { namesAt } from './kept-trees.ts';
import { bothPlaces, type Target } from './place.ts';

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
  for (const place of bothPlaces(target)) {
    for (const name of namesAt(place)) {
      const kind = hiddenKind(name, place.names);
      const path = join(place.directory, name);
      if (kind === 'journal-temporary') await removeTree(path);
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
  }
  return cleared;
}
