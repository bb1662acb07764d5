import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { fromSystemError } from '../system-errors.ts';
import { formatPaths } from '../validate/problem.ts';

/** What the file system of a restore can do besides holding files. */
export interface TargetAbilities {
  /** Several names for one file. FAT, exFAT and Android's storage have none. */
  hardLinks: boolean;
  symlinks: boolean;
  /** Permissions that are as they were set. On FAT those of all files are what the mount says. */
  modes: boolean;
  /** Parts of a file that take no room while nothing is written there. */
  holes: boolean;
}

const PROBED_HOLE = 1024 * 1024;

const CANNOT = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

const NO_HOLE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EINVAL']);

/** Whether the system says that there is no such thing on this file system, or not for us. */
export function isUnsupported(error: unknown): boolean {
  return CANNOT.has((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Tries out what the file system of a directory of ours can do.
 *
 * @throws BackupError `NO_SPACE`, `PERMISSION`, `IO`
 */
export function probeAbilities(directory: string): TargetAbilities {
  const probe = path.join(directory, `oxios-backup-probe-${randomBytes(4).toString('hex')}`);
  const can = (act: (made: string) => void): boolean => {
    const made = `${probe}-2`;
    try {
      act(made);
    } catch (error) {
      if (isUnsupported(error)) return false;
      throw error;
    }
    fs.unlinkSync(made);
    return true;
  };
  try {
    fs.writeFileSync(probe, '');
    try {
      return {
        hardLinks: can((made) => fs.linkSync(probe, made)),
        symlinks: can((made) => fs.symlinkSync('probe', made)),
        modes: [0o600, 0o755].every((mode) => holdsMode(probe, mode)),
        holes: holdsHole(probe),
      };
    } finally {
      fs.unlinkSync(probe);
    }
  } catch (error) {
    throw fromSystemError(error, 'try out what the file system can do', directory);
  }
}

function holdsHole(file: string): boolean {
  try {
    fs.truncateSync(file, PROBED_HOLE);
  } catch (error) {
    // It would have to be filled, may not be so long, or grows by being written to alone.
    if (isUnsupported(error) || NO_HOLE.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
  return fs.lstatSync(file).blocks * 512 < PROBED_HOLE;
}

function holdsMode(file: string, mode: number): boolean {
  try {
    fs.chmodSync(file, mode);
  } catch (error) {
    if (isUnsupported(error)) return false;
    throw error;
  }
  return (fs.lstatSync(file).mode & 0o7777) === mode;
}

/** Says, in a notice, that permissions will not be those of the snapshot. */
export function reportAbilities({ modes }: TargetAbilities, { onEvent }: OperationOptions): void {
  if (modes) return;
  onEvent?.({
    type: 'notice',
    message: 'this file system holds no permissions: everything there has those that it gives to all files',
  });
}

/** Why entries cannot be restored to where no symbolic links can be made; null when there are none among them. */
export function symlinksError(paths: readonly string[], directory: string): BackupError | null {
  if (paths.length === 0) return null;
  const are = paths.length === 1 ? 'is a symbolic link' : 'are symbolic links';
  return new BackupError(
    'LINKS_UNSUPPORTED',
    `${formatPaths(paths)} ${are}, which cannot be made on this file system`,
    {
      path: directory,
      hint: 'Restore to another file system, or with `paths` only what is no link.',
    },
  );
}

/** Content that is written more than once where each name of a file becomes a file: how much comes to that of the files themselves. */
export async function bytesOfCopies(entries: () => EntryRuns): Promise<number> {
  const names = new Map<string, number>();
  for await (const run of entries())
    for (const { type, link } of run)
      if (type === 'hardlink') names.set(link as string, (names.get(link as string) ?? 0) + 1);
  let bytes = 0;
  for await (const run of entries())
    for (const { path: name, type, size } of run) if (type === 'file') bytes += size * (names.get(name) ?? 0);
  return bytes;
}
