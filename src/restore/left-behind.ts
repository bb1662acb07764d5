import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { Notice } from '../events.ts';
import { childNames, joinBytes } from '../system/byte-path.ts';

/** Where Oxios keeps its own backups in the state directory. */
const OXIOS_BACKUPS = 'backups';

/**
 * What no snapshot holds, and a replacement has therefore moved away: backups and snapshots that are kept in the state directory itself. They
 * would be lost with the previous state.
 *
 * @param stateDir the state directory, which is the new one
 * @param previousState where the old one is kept
 * @param snapshot real path of the snapshot before the replacement; null if it is no local file
 */
export function leftBehind(stateDir: string, previousState: string, snapshot: string | null): Notice[] {
  const inside = snapshot?.startsWith(`${stateDir}/`) === true ? snapshot.slice(stateDir.length + 1) : null;
  const names: string[] = [];
  if (lacksSome(path.join(previousState, OXIOS_BACKUPS), path.join(stateDir, OXIOS_BACKUPS))) names.push(OXIOS_BACKUPS);
  const isNamed = names.some((name) => inside?.startsWith(`${name}/`));
  if (inside !== null && !isNamed && !existsSync(path.join(stateDir, inside))) names.push(inside);
  return names.map((name) => ({
    path: path.join(previousState, name),
    message: 'is in the previous state now, for no snapshot holds it: move it back before that is discarded',
  }));
}

/** The real path of a file before something takes the place of its directory; null if there is none. */
export function realPathIfAny(file: string | null): string | null {
  try {
    return file === null ? null : realpathSync(file);
  } catch {
    return null;
  }
}

/** Whether something of the one directory is not in the other. */
function lacksSome(before: string, now: string): boolean {
  try {
    return childNames(before).some((name) => !existsSync(joinBytes(now, name)));
  } catch {
    // None, or no directory.
    return false;
  }
}
