import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { BackupError } from '../../errors.ts';
import { isBackupManifest, MAX_MANIFEST_BYTES } from '../../format/manifest.ts';
import { MANIFEST_PATH } from '../../format/path-rules.ts';
import { CATEGORIES } from '../../state-dir/sections.ts';
import { namesIn } from '../../system/attempt.ts';

/** Whether a directory is a backup as Oxios itself makes it: a copy of its state with a manifest. False for one that cannot be read. */
function isDirectoryBackup(directory: string): boolean {
  const bytes = readSmallFile(path.join(directory, MANIFEST_PATH));
  return bytes !== null && isBackupManifest(bytes);
}

/** The names of the directory backups in a folder, as Oxios keeps them in `backups`, sorted. */
export function directoryBackupsIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => isDirectoryBackup(path.join(folder, name)))
    .sort();
}

/** Why a directory is no snapshot: what it is, and what to do with it. */
export function notASnapshot(directory: string): BackupError {
  const [what, hint] = describe(directory);
  return new BackupError('SNAPSHOT_MISSING', `${directory} is ${what}`, { path: directory, hint });
}

/**
 * The same where a folder of snapshots is looked into, and there is none in it.
 *
 * @returns null for a folder that shows nothing
 */
export function notAFolderOfSnapshots(directory: string): BackupError | null {
  const isKnown =
    isDirectoryBackup(directory) || isStateDirectory(namesIn(directory)) || directoryBackupsIn(directory).length > 0;
  return isKnown ? notASnapshot(directory) : null;
}

function describe(directory: string): [what: string, hint: string] {
  if (isDirectoryBackup(directory)) {
    return [
      'a directory backup that Oxios made, not a snapshot',
      'Make a snapshot of it with `importBackup()`, and restore that.',
    ];
  }
  const names = namesIn(directory);
  if (names.some((name) => /\.(?:tar\.gz|tgz)$/.test(name))) {
    return [
      'a folder of snapshots, not a snapshot',
      'Name one of the .tar.gz files in it; `findLatest()` takes the newest.',
    ];
  }
  if (isStateDirectory(names)) {
    return ['a state directory, not a snapshot of one', '`createSnapshot()` makes a snapshot of it.'];
  }
  const backups = directoryBackupsIn(directory);
  if (backups.length > 0) {
    return [
      `a folder of directory backups that Oxios made (${backups.at(-1)} and ${backups.length - 1} more)`.replace(
        ' and 0 more',
        '',
      ),
      'Make a snapshot of one of them with `importBackup()`, and restore that.',
    ];
  }
  return [
    'a directory, not a snapshot, and there is none in it',
    'Name the .tar.gz file itself, or a folder that holds some.',
  ];
}

function isStateDirectory(names: readonly string[]): boolean {
  return CATEGORIES.some((category) => names.includes(category.split('/')[0] ?? ''));
}

function readSmallFile(file: string): Buffer | null {
  let descriptor: number | null = null;
  try {
    // NONBLOCK: it may be a pipe.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > MAX_MANIFEST_BYTES) return null;
    const bytes = Buffer.alloc(stat.size);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
