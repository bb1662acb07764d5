import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromSystemError } from '../../errors.ts';
import { checkArgument, pathSchema } from '../../options.ts';
import { compareStamps, nextStampedName, parseStamp, stampDate } from './artifact-names.ts';
import { bothPlaces, type Place, resolveTarget } from './place.ts';

/** A tree that a restore or an undo replaced, kept until it is discarded. */
export interface KeptTree {
  /** An ordinary directory: it may be moved back by hand. */
  path: string;
  /** When it was replaced, to the second. */
  replacedAt: Date;
}

export interface PlacedTree extends KeptTree {
  name: string;
  place: Place;
}

/** The names in the directory that holds the artifacts; none if there is no such directory. */
export function namesAt(place: Place): string[] {
  try {
    return readdirSync(place.directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fromSystemError(error, 'list what lies around the state directory', place.directory);
  }
}

/** A free name for the tree that is about to be replaced. */
export function nextKeptName(place: Place): string {
  return nextStampedName(place.names.replaced, namesAt(place), new Date());
}

/** A free path for something that stands in the way and is not ours to remove. */
export function nextAsidePath(place: Place): string {
  return join(place.directory, nextStampedName(place.names.aside, namesAt(place), new Date()));
}

/** Kept trees with where they lie, the newest first. */
export function findKept(stateDir: string): PlacedTree[] {
  return bothPlaces(resolveTarget(stateDir))
    .flatMap((place) =>
      namesAt(place).flatMap((name) => {
        const stamp = parseStamp(name, place.names.replaced);
        return stamp === null ? [] : [{ name, place, stamp, path: join(place.directory, name) }];
      }),
    )
    .sort((a, b) => compareStamps(b.stamp, a.stamp))
    .map(({ name, place, stamp, path }) => ({ name, place, path, replacedAt: stampDate(stamp) }));
}

/** The trees that restores of this state directory replaced, the newest first: an undo would bring back the first one. */
export async function listKept(stateDir: string): Promise<KeptTree[]> {
  checkArgument('stateDir', pathSchema, stateDir);
  return findKept(stateDir).map(({ path, replacedAt }) => ({ path, replacedAt }));
}
