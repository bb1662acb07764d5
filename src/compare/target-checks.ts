import { accessSync, constants, lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BackupError, fromSystemError } from '../errors.ts';
import type { NameFolding } from '../restore/name-collisions.ts';
import type { RestoreOptions } from '../restore/restore-backup.ts';
import { isDeviceBoundary, type Location, locationBeside, locationInside, type Target } from '../state-dir/location.ts';
import { currentHolders, lockedError } from '../state-dir/lock/lock.ts';
import { inUseError } from '../state-dir/lock/not-running.ts';
import { findRunning } from '../state-dir/lock/running.ts';
import { assertRecovered } from '../state-dir/recover/needs-recovery.ts';
import { inspectTarget, notEmptyError } from '../state-dir/target-state.ts';
import { isMountPoint } from '../system/mount-points.ts';

// What a restore would find out about its target by locking and writing, looked at without either.

/** Where a restore would put its staging tree. */
export function likelyLocation(target: Target): Location {
  if (lstatSync(target.target, { throwIfNoEntry: false }) === undefined) return locationBeside(target);
  if (isDeviceBoundary(target) || isMountPoint(target.target)) return locationInside(target);
  return refusalToWrite(target.parent) === null ? locationBeside(target) : locationInside(target);
}

/** The directory that stands at a path, or the nearest above it that does. */
export function nearestDirectory(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? nearestDirectory(dirname(path)) : path;
}

function refusalToWrite(directory: string): BackupError | null {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return fromSystemError(error, 'write beside or into the state directory', directory);
  }
}

/** Why a restore at this location would be refused, in the order in which it would be. */
export async function targetRefusals(location: Location, options: RestoreOptions): Promise<BackupError[]> {
  const { mode = 'create', forceRunning = false } = options;
  const { target } = location;
  const { running } = forceRunning ? { running: null } : await findRunning(target);
  return [
    refusalToWrite(nearestDirectory(location.directory)),
    lockedBy(location),
    running === null ? null : inUseError(running, target),
    await recoveryNeeded(target),
    mode === 'create' && !inspectTarget(location).isVacant ? notEmptyError(target) : null,
  ].filter((refusal) => refusal !== null);
}

function lockedBy(location: Location): BackupError | null {
  const [holder] = currentHolders(location);
  return holder === undefined ? null : lockedError(location, holder);
}

async function recoveryNeeded(target: string): Promise<BackupError | null> {
  try {
    await assertRecovered(target, null);
    return null;
  } catch (error) {
    // That a restore is going on has been said by its lock.
    if (error instanceof BackupError) return error.code === 'STATE_DIR_LOCKED' ? null : error;
    throw error;
  }
}

/**
 * What the file system of a directory does with names, guessed from how it takes the directory's own: the real run tries it out with
 * files. One that folds case mostly normalises too.
 */
export function guessNameFolding(directory: string): NameFolding {
  const name = basename(directory);
  const swapped = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
  if (swapped === name) return { case: false, normalization: false };
  const own = lstatSync(directory);
  const other = lstatSync(join(dirname(directory), swapped), { throwIfNoEntry: false });
  const folds = other !== undefined && other.ino === own.ino && other.dev === own.dev;
  return { case: folds, normalization: folds };
}
