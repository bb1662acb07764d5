import { chmodSync, lstatSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BackupError } from '../errors.ts';
import { type BytePath, bytePath, childNames, joinBytes } from './byte-path.ts';
import { mountPointsBelow } from './mount-points.ts';
import { stepInto } from './near-path.ts';

export interface Removed {
  entries: number;
  /** Content of regular files, as they say their size is. */
  bytes: number;
}

const ENTRIES_PER_TURN = 500;

/** Removes a directory and all below it: names that are not UTF-8, directories without write permission, paths
 * longer than the system takes, whatever is its owner's. */
export async function removeTree(directory: string): Promise<Removed> {
  const removed: Removed = { entries: 0, bytes: 0 };
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return removed;
  // A volume mounted somewhere below would be emptied.
  const [mounted] = mountPointsBelow(realpathSync.native(directory));
  if (mounted !== undefined) {
    throw new BackupError('IO', `could not remove ${directory}: something is mounted at ${mounted}`, {
      path: directory,
      hint: 'Unmount it, then run this again.',
    });
  }
  await removeBelow(bytePath(directory), removed);
  rmdirSync(directory);
  return removed;
}

async function removeBelow(path: BytePath, removed: Removed): Promise<void> {
  const mode = lstatSync(path).mode & 0o7777;
  if ((mode & 0o700) !== 0o700) chmodSync(path, mode | 0o700);
  const directory = stepInto(path);
  try {
    await removeChildren(directory.path, removed);
  } finally {
    directory.leave();
  }
}

async function removeChildren(directory: BytePath, removed: Removed): Promise<void> {
  for (const name of childNames(directory)) {
    const path = joinBytes(directory, name);
    const stats = lstatSync(path);
    if (stats.isDirectory()) {
      await removeBelow(path, removed);
      rmdirSync(path);
    } else {
      unlinkSync(path);
      if (stats.isFile()) removed.bytes += stats.size;
    }
    removed.entries += 1;
    if (removed.entries % ENTRIES_PER_TURN === 0) await setImmediate();
  }
}
