import fs from 'node:fs';
import { BackupError } from '../errors.ts';
import { fromSystemError } from '../system-errors.ts';
import type { RestoreSize } from './extraction-plan.ts';

/** Room on a file system. */
export interface Room {
  /** Number of bytes. */
  bytes: number;
  /** Files and directories; null where the file system does not count them. */
  entries: number | null;
}

/** What a restore needs and what there is, on the file system of a directory. */
export interface SpaceCheck {
  /** What the restore needs. */
  needed: Room;
  /** What is free. */
  available: Room;
}

/**
 * Compares what is to be written with the free space.
 *
 * @param directory lies on the file system that will be written to
 * @param further bytes that are needed besides
 */
export function checkSpace(directory: string, size: RestoreSize, further = 0): SpaceCheck {
  const { bavail, bsize, ffree, files } = statFileSystem(directory);
  return {
    // The last block of a file is half empty on average.
    needed: { bytes: size.bytes - size.holes + further + (size.files * bsize) / 2, entries: size.entries },
    available: { bytes: bavail * bsize, entries: files > 0 ? ffree : null },
  };
}

/** Why what is to be written does not fit; null when it does. */
export function spaceError(directory: string, { needed, available }: SpaceCheck): BackupError | null {
  if (needed.bytes > available.bytes) {
    return new BackupError(
      'NO_SPACE',
      `the restore needs ${Math.ceil(needed.bytes / 2 ** 20)} MiB, ${directory} has ${Math.floor(available.bytes / 2 ** 20)} MiB left`,
      {
        path: directory,
        hint: 'Free some space there. The new tree is made beside the old one, which stays until it is verified.',
      },
    );
  }
  if (available.entries === null || (needed.entries ?? 0) <= available.entries) return null;
  return new BackupError(
    'NO_SPACE',
    `the restore needs ${needed.entries} files and directories, ${directory} has room for ${available.entries}`,
    {
      path: directory,
      hint: 'Delete files there, or choose another file system.',
    },
  );
}

function statFileSystem(directory: string): fs.StatsFs {
  try {
    return fs.statfsSync(directory);
  } catch (error) {
    throw fromSystemError(error, 'see how much room there is', directory);
  }
}
