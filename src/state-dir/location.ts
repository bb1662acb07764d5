import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { BackupError } from '../errors.ts';
import { foldName } from '../format/fold-name.ts';
import { isFoundAtBoth } from '../system/file-key.ts';
import { isMountPoint } from '../system/mount-points.ts';
import { fromSystemError } from '../system-errors.ts';
import {
  type ArtifactNames,
  NAMES_INSIDE,
  namesBeside,
  ownArtifactBeside,
  RESERVED_DIRECTORY,
} from './artifact-names.ts';
import { storedName } from './stored-path.ts';

/** A state directory, with the symbolic links on the way to it resolved. It may be missing. */
export interface Target {
  /** As the caller named it. */
  stateDir: string;
  /** The real directory. A symbolic link that led here stays as it is. */
  target: string;
  parent: string;
  name: string;
}

/** Where the artifacts of a state directory lie, and with that how it is replaced: by two renames, or child by child. */
export interface Location extends Target {
  strategy: 'rename' | 'children';
  directory: string;
  names: ArtifactNames;
}

const MOST_LINKS = 40;

function notADirectory(stateDir: string, cause?: unknown): BackupError {
  return new BackupError('TARGET_NOT_DIRECTORY', 'the state directory is not a directory', {
    path: stateDir,
    hint: 'Name a directory, or a path where one can be made.',
    cause,
  });
}

/** `realpath` that also resolves a path whose end is missing, through dangling links too: the place where it would be made. */
function realpathOfMissing(path: string, stateDir: string, links: number): string {
  if (links > MOST_LINKS) throw notADirectory(stateDir);
  try {
    return realpathSync.native(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP') throw notADirectory(stateDir, error);
    if (code !== 'ENOENT') throw fromSystemError(error, 'find the state directory', stateDir);
  }
  const parent = realpathOfMissing(dirname(path), stateDir, links);
  const here = join(parent, basename(path));
  let link: string;
  try {
    link = readlinkSync(here);
  } catch {
    return here;
  }
  return realpathOfMissing(resolve(parent, link), stateDir, links + 1);
}

/** Finds the real directory that `stateDir` names. Fails with `TARGET_NOT_DIRECTORY` if something else is there. */
export function resolveTarget(stateDir: string): Target {
  const found = realpathOfMissing(resolve(stateDir), stateDir, 0);
  try {
    const stats = lstatSync(found, { throwIfNoEntry: false });
    if (stats?.isDirectory() === false) throw notADirectory(stateDir);
    const parent = dirname(found);
    // Where names fold, what is found under one spelling may be stored under another, which the artifacts around it are named after.
    const name = stats === undefined ? nameByArtifacts(parent, basename(found)) : storedName(found);
    return { stateDir, target: join(parent, name), parent, name };
  } catch (error) {
    throw fromSystemError(error, 'look at the state directory', stateDir);
  }
}

/** The name of a directory that is missing: a run that is about to make it, or was killed, may spell it another way. */
function nameByArtifacts(parent: string, name: string): string {
  let beside: string[];
  try {
    beside = readdirSync(parent);
  } catch {
    // Missing too, or not to be listed: then no lock can be looked for either.
    return name;
  }
  const artifact = beside.find((each) => asSpelled({ directory: parent, name }, each) !== null);
  return (artifact && ownArtifactBeside(artifact)?.stateDirName) ?? name;
}

/**
 * What an artifact in `directory` is called when the state directory beside it is spelled `name`; null if it is none of its
 * artifacts. Under another spelling it is one where names fold. A long name is hashed: of that only one spelling is known.
 */
export function asSpelled({ directory, name }: Pick<Location, 'directory' | 'name'>, artifact: string): string | null {
  const known = ownArtifactBeside(artifact);
  if (known === null || foldName(known.stateDirName) !== foldName(name)) return null;
  const own = namesBeside(name).hidden + artifact.slice(namesBeside(known.stateDirName).hidden.length);
  return own === artifact || isFoundAtBoth(join(directory, artifact), join(directory, own)) ? own : null;
}

/** Artifacts beside the state directory. */
function locationBeside(target: Target): Location {
  return { ...target, strategy: 'rename', directory: target.parent, names: namesBeside(target.name) };
}

/** Artifacts inside the state directory. */
export function locationInside(target: Target): Location {
  return { ...target, strategy: 'children', directory: join(target.target, RESERVED_DIRECTORY), names: NAMES_INSIDE };
}

/** Both locations where artifacts of this state directory may have been left, by a run under other circumstances. */
export function bothLocations(target: Target): Location[] {
  return [locationBeside(target), locationInside(target)];
}

/** Whether `directory` differs in device from its parent, or is the root: such a one cannot be renamed. */
function isDeviceBoundary({ target, parent }: Target): boolean {
  return target === parent || statSync(target).dev !== statSync(parent).dev;
}

/** Where the artifacts may lie: the first of these where a file can be made. */
export function possibleLocations(target: Target): Location[] {
  if (lstatSync(target.target, { throwIfNoEntry: false }) === undefined) return [locationBeside(target)];
  if (isDeviceBoundary(target) || isMountPoint(target.target)) return [locationInside(target)];
  return bothLocations(target);
}
