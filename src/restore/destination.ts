import { accessSync, constants, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { BackupError } from '../errors.ts';
import type { RestoreMode } from '../state-dir/commit/commit-tree.ts';
import { type Location, possibleLocations, resolveTarget } from '../state-dir/location.ts';
import { currentHolders, lockedError } from '../state-dir/lock/lock.ts';
import { inUseError, type RunningOptions } from '../state-dir/lock/not-running.ts';
import { findRunning } from '../state-dir/lock/running.ts';
import { assertRecovered } from '../state-dir/recover/needs-recovery.ts';
import { stagingPath } from '../state-dir/staging/staging.ts';
import { inspectTarget, notEmptyError, type TargetState } from '../state-dir/target-state.ts';
import { fromSystemError } from '../system-errors.ts';
import type { RestoreDestination } from './restore-plan.ts';
import { presumedFileSystem } from './target-file-system.ts';

// What a restore finds out about its target by locking and writing; here without either.

/** A target that was only looked at. */
export interface InspectedDestination extends RestoreDestination {
  location: Location;
  found: TargetState;
}

const ANY_ID = '0'.repeat(16);

/**
 * Where a restore would write, if it began now.
 *
 * @throws BackupError `TARGET_NOT_DIRECTORY`; `PERMISSION`, `IO`
 */
export function inspectDestination(stateDir: string): InspectedDestination {
  const locations = possibleLocations(resolveTarget(stateDir));
  const location = (locations.find(isWritable) ?? locations.at(-1)) as Location;
  const found = inspectTarget(location);
  return {
    location,
    found,
    target: location.target,
    staging: stagingPath(location, ANY_ID),
    hasContent: found.kind === 'content',
    fileSystem: presumedFileSystem(nearestDirectory(location.directory)),
  };
}

/**
 * Why a restore to a target would be refused whatever its snapshot holds, in the order in which it would be.
 *
 * @param options `partial`: whether a part of a snapshot is wanted
 */
export async function destinationRefusals(
  { location, found, fileSystem, target }: InspectedDestination,
  { mode = 'create', forceRunning = false, partial }: RunningOptions & { mode?: RestoreMode; partial: boolean },
): Promise<BackupError[]> {
  const [holder] = currentHolders(location);
  const { running } = forceRunning ? { running: null } : await findRunning(target);
  return [
    refusalToWrite(fileSystem.directory),
    holder === undefined ? null : lockedError(location, holder),
    running === null ? null : inUseError(running, target),
    await recoveryNeeded(target),
    mode === 'create' && !found.isVacant ? notEmptyError(target, partial) : null,
  ].filter((refusal) => refusal !== null);
}

/** The directory that is at a path, or the nearest above it that does. */
function nearestDirectory(path: string): string {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? nearestDirectory(dirname(path)) : path;
}

function isWritable({ directory }: Location): boolean {
  return refusalToWrite(nearestDirectory(directory)) === null;
}

function refusalToWrite(directory: string): BackupError | null {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return fromSystemError(error, 'write beside or into the state directory', directory);
  }
}

async function recoveryNeeded(target: string): Promise<BackupError | null> {
  try {
    await assertRecovered(target, null);
    return null;
  } catch (error) {
    // A restore that is running was already reported for its lock.
    if (error instanceof BackupError) return error.code === 'STATE_DIR_LOCKED' ? null : error;
    throw error;
  }
}
