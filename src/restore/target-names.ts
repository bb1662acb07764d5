import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { HERE } from '../system/platform.ts';
import { fromSystemError } from '../system-errors.ts';
import { formatPaths } from '../validate/problem.ts';
import type { UnusualNames } from '../validate/unusual-names.ts';

/** What systems say to a name that a file system cannot hold. */
const NOT_A_NAME = new Set(['EINVAL', 'ENAMETOOLONG', 'EILSEQ', 'ENOENT']);

/**
 * Why names cannot be restored to a file system; null when it holds them all.
 *
 * @param holds whether it holds a name; asked for one of each kind that some do not
 * @param target where the entries will lie in the end
 * @returns a `NAME_UNSUPPORTED`
 */
export function nameError(
  holds: (name: string) => boolean,
  target: string,
  unusual: UnusualNames,
  platform = HERE,
): BackupError | null {
  const { byTrait, longest } = unusual;
  const bytes = Buffer.byteLength(target) + 1 + longest.bytes;
  if (bytes > platform.maxPathBytes) {
    return new BackupError(
      'NAME_UNSUPPORTED',
      `${formatPaths([longest.path])} would have a path of ${bytes} bytes, and the system takes ${platform.maxPathBytes}`,
      { path: longest.path, hint: 'Restore to a directory with a shorter path.' },
    );
  }
  const refused = [...byTrait.values()].filter(({ name }) => !holds(name)).map((one) => one.path);
  if (refused.length === 0) return null;
  const paths = [...new Set(refused)];
  return new BackupError(
    'NAME_UNSUPPORTED',
    `${formatPaths(paths)} ${paths.length === 1 ? 'has a name' : 'have names'} that this file system cannot hold`,
    { path: paths[0], hint: 'Restore to another file system, or with `paths` only what it can hold.' },
  );
}

/** What the directory that a merge keeps things in adds at most to the path of a staging directory. */
const KEPT_BYTES = 32;

/**
 * Why a path would be too long while it is merged, or null: each is renamed by its whole path, out of a staging directory and into one that
 * keeps what it replaces.
 *
 * @param staging the staging directory
 * @returns a `NAME_UNSUPPORTED`
 */
export function longMergeError(staging: string, { longest }: UnusualNames, platform = HERE): BackupError | null {
  const bytes = Buffer.byteLength(staging) + KEPT_BYTES + 1 + longest.bytes;
  if (bytes <= platform.maxPathBytes) return null;
  return new BackupError(
    'NAME_UNSUPPORTED',
    `${formatPaths([longest.path])} would have a path of ${bytes} bytes while it is merged, and the system takes ${platform.maxPathBytes}`,
    {
      path: longest.path,
      hint: "Restore all of the snapshot with `mode: 'replace'`, or choose what to merge with `paths`.",
    },
  );
}

/** Whether a BackupError comes of a name that the file system cannot hold. */
export function isAboutName(error: unknown): boolean {
  const cause = error instanceof BackupError ? error.cause : null;
  return NOT_A_NAME.has((cause as NodeJS.ErrnoException | null)?.code ?? '');
}

/**
 * Whether a file of that name can be made in a directory of ours, and has that name then: FAT silently drops a final dot.
 *
 * @throws BackupError `NO_SPACE`, `PERMISSION`, `IO`
 */
export function holdsName(parent: string, name: string): boolean {
  const directory = path.join(parent, `oxios-backup-probe-${randomBytes(4).toString('hex')}`);
  try {
    fs.mkdirSync(directory, { mode: 0o700 });
    try {
      fs.writeFileSync(path.join(directory, name), '', { flag: 'wx' });
      return fs.readdirSync(directory).some((listed) => listed.normalize('NFC') === name.normalize('NFC'));
    } catch (error) {
      if (NOT_A_NAME.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  } catch (error) {
    throw fromSystemError(error, 'try out what names the file system holds', parent);
  }
}
