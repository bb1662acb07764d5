import { type BigIntStats, lstatSync, realpathSync } from 'node:fs';
import { MANIFEST_PATH } from '../format/path-rules.ts';
import { isOnVolume, ownArtifactBeside, RESERVED_DIRECTORY } from '../state-dir/artifact-names.ts';
import { storedPath } from '../state-dir/stored-path.ts';
import { isVolumeName } from '../system/system-names.ts';
import { temporaryKind } from '../system/temporary-names.ts';
import type { ExcludedPath } from './capture-report.ts';
import { listDirectory } from './directory-names.ts';
import { isOxiosBackup, isSnapshot, isSnapshotOf } from './own-snapshots.ts';
import { ScannedDirectory, typeOf } from './scanned-directory.ts';

/** Where `oxios backup` writes by default. */
const OXIOS_BACKUPS = 'backups';

const STATE_STORE_TEMPORARY = /^.+\.\d+\.[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\.tmp$/i;

/** A temporary file that nobody has written to for this long was abandoned by its writer, and is a file like any other. */
const IN_THE_MAKING_MS = 10 * 60_000;

export const OWN_SNAPSHOT = 'a snapshot of this state directory';

/** Whether the user excluded a thing, which is then not looked at. */
export type IsExcluded = (directory: ScannedDirectory, name: string) => boolean;

/** What the rules know of the run. */
export interface OwnPlaces {
  /** Absolute path of the state directory. */
  root: string;
  /** Directories in the state directory where this run writes: paths relative to it, ending with `/`, empty for itself. */
  folders: readonly string[];
  /** What the run calls this machine; null for the host name. */
  host: string | null;
}

/**
 * What the rules need to know of a run.
 *
 * @param root absolute path of the state directory
 * @param folders directories where the run puts its output and its copies, wherever they are
 * @param host what it calls this machine; null for the host name
 */
export function ownPlaces(root: string, folders: readonly string[], host: string | null): OwnPlaces {
  const top = `${realpathIfAny(root)}/`.replace('//', '/');
  const inside = folders.map((folder) => `${realpathIfAny(folder)}/`).filter((folder) => folder.startsWith(top));
  return { root, folders: inside.map((folder) => folder.slice(top.length)), host };
}

function realpathIfAny(path: string): string {
  try {
    return storedPath(realpathSync(path));
  } catch {
    // What is missing or cannot be reached is named where it is used.
    return path;
  }
}

/** Whether a thing that is gone by now was, by its name, a temporary one. */
export function isPassingName(name: string): boolean {
  return name.endsWith('.tmp') && (STATE_STORE_TEMPORARY.test(name) || temporaryKind(name) !== null);
}

/**
 * Why a thing is no state though the user did not exclude it, going by its name and by what confirms the name; null
 * when it is state. What cannot be attributed is.
 */
export function ownReason(
  directory: ScannedDirectory,
  name: string,
  type: ExcludedPath['type'],
  stat: BigIntStats,
  places: OwnPlaces,
  isExcluded: IsExcluded,
): string | null {
  const isWrittenTo = places.folders.includes(directory.path);
  if (name.endsWith('.tmp')) {
    const isInTheMaking = Math.abs(Date.now() - Number(stat.mtimeNs) / 1e6) < IN_THE_MAKING_MS;
    if (type === 'file' && isInTheMaking && STATE_STORE_TEMPORARY.test(name)) return 'StateStore was writing it';
    const kind = temporaryKind(name);
    if (kind !== null && type === (kind === 'snapshot' ? 'file' : 'directory') && (isWrittenTo || isInTheMaking))
      return 'put there by oxios-backup itself';
  }
  if (name.startsWith('.') && isOwnArtifact(directory, name, type)) return 'put there by oxios-backup itself';
  // Anybody may call a folder so; that of the file system belongs to root.
  const isOfSystem = isVolumeName(name) && (name !== 'lost+found' || stat.uid === 0n);
  if (isOfSystem && type === 'directory' && isTopOfFileSystem(directory.absolute))
    return 'what the system keeps at the top of a volume';
  if (directory.path === '' && name === OXIOS_BACKUPS && type === 'directory')
    return holdsOnlyBackups(`${name}/`, `${directory.absolute}${name}/`, isExcluded)
      ? 'the folder where Oxios puts its own backups'
      : null;
  if (directory.path === `${OXIOS_BACKUPS}/`) {
    const reason = backupReason(directory, name, type, isExcluded);
    if (reason !== null) return reason;
  }
  return isWrittenTo &&
    type === 'file' &&
    isSnapshotName(name) &&
    isSnapshotOf(directory.absolute + name, places.root, places.host)
    ? OWN_SNAPSHOT
    : null;
}

/**
 * At the top of the state directory the reserved name, and where a volume is mounted if nothing else lies in it than what a merge kept; elsewhere what a restore puts down beside a state directory, if
 * that is there: a restore of what lies in the one that is captured.
 */
function isOwnArtifact(directory: ScannedDirectory, name: string, type: ExcludedPath['type']): boolean {
  if (name === RESERVED_DIRECTORY) return directory.path === '' || holdsOnlyKept(directory.absolute + name, type);
  const artifact = ownArtifactBeside(name);
  if (artifact === null || artifact.type !== type) return false;
  return directory.names.includes(artifact.stateDirName) && directory.isDirectory(artifact.stateDirName);
}

function holdsOnlyKept(absolute: string, type: ExcludedPath['type']): boolean {
  if (type !== 'directory') return false;
  try {
    const { names, undecodable } = listDirectory(absolute);
    return names.length > 0 && undecodable.length === 0 && names.every(isOnVolume);
  } catch {
    // Named when it is listed.
    return false;
  }
}

/** Whether a directory is where a file system is mounted. */
function isTopOfFileSystem(absolute: string): boolean {
  try {
    return lstatSync(`${absolute}.`).dev !== lstatSync(`${absolute}..`).dev;
  } catch {
    return false;
  }
}

function isSnapshotName(name: string): boolean {
  return name.endsWith('.tar.gz');
}

function backupReason(
  directory: ScannedDirectory,
  name: string,
  type: ExcludedPath['type'],
  isExcluded: IsExcluded,
): string | null {
  const absolute = directory.absolute + name;
  if (type === 'directory') {
    const inside = new ScannedDirectory(`${directory.path}${name}/`, `${absolute}/`, [MANIFEST_PATH], null);
    return !isExcluded(inside, MANIFEST_PATH) && isOxiosBackup(absolute) ? 'a backup that Oxios made' : null;
  }
  return type === 'file' && isSnapshotName(name) && isSnapshot(absolute) ? 'a snapshot that oxios-backup made' : null;
}

function holdsOnlyBackups(path: string, absolute: string, isExcluded: IsExcluded): boolean {
  try {
    const { names, undecodable } = listDirectory(absolute);
    const directory = new ScannedDirectory(path, absolute, names, null);
    if (names.length === 0 || undecodable.length > 0) return false;
    return names.every((name) => {
      if (isExcluded(directory, name)) return false;
      return backupReason(directory, name, typeOf(lstatSync(absolute + name)), isExcluded) !== null;
    });
  } catch {
    // Named when it is listed.
    return false;
  }
}
