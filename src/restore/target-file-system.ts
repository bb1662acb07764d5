import { basename, dirname, join } from 'node:path';
import { namesIn } from '../system/attempt.ts';
import { isFoundAtBoth } from '../system/file-key.ts';
import { isMountPoint } from '../system/mount-points.ts';
import { type NameFolding, probeNameFolding } from './name-collisions.ts';
import { probeAbilities, type TargetAbilities } from './target-abilities.ts';
import { holdsName } from './target-names.ts';

/** The file system that a restore writes to. */
export interface TargetFileSystem {
  /** A directory on it. */
  directory: string;
  abilities: TargetAbilities;
  /** What it takes for the same name. */
  folding(): NameFolding;
  /** Whether a file of that name can be made, and has that name then. */
  holdsName(name: string): boolean;
}

/**
 * Finds its abilities by trying them in a directory of ours.
 *
 * @throws BackupError `NO_SPACE`, `PERMISSION`, `IO`
 */
export function probedFileSystem(directory: string): TargetFileSystem {
  return {
    directory,
    abilities: probeAbilities(directory),
    folding: () => probeNameFolding(directory),
    holdsName: (name) => holdsName(directory, name),
  };
}

/** Without writing to it, abilities can only be presumed: that it can do everything, and folds names if it does so with those that are there. */
export function presumedFileSystem(directory: string): TargetFileSystem {
  return {
    directory,
    abilities: { hardLinks: true, symlinks: true, modes: true, holes: true },
    folding: () => presumeNameFolding(directory),
    holdsName: () => true,
  };
}

/**
 * By how the file system takes a name that is in the directory, or where there is none the directory's own. One that folds case mostly
 * normalises too.
 */
function presumeNameFolding(directory: string): NameFolding {
  const known = [...namesIn(directory).map((name) => [directory, name] as const)];
  // The name of a mount point says nothing of what is mounted there.
  if (!isMountPoint(directory)) known.push([dirname(directory), basename(directory)]);
  const [parent, name] = known.find(([, each]) => swapCase(each) !== each) ?? [];
  if (parent === undefined || name === undefined) return { case: false, normalization: false };
  const folds = isFoundAtBoth(join(parent, name), join(parent, swapCase(name)));
  return { case: folds, normalization: folds };
}

function swapCase(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
}
