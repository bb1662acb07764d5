import { closeSync, fsyncSync, openSync } from 'node:fs';
import { HERE } from './platform.ts';

/** What file systems say that have no such call for directories: CIFS, sshfs, shared folders of virtual machines, FUSE, FAT on some systems. */
const NOT_FOR_DIRECTORIES = new Set([
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'ENOTTY',
  'EBADF',
  'EISDIR',
  'EPERM',
  'EACCES',
]);

/**
 * Makes the names in a directory durable, as far as its file system can. One that cannot is no failure: what it keeps of a name it keeps
 * without an error. One that tried and failed (EIO, ENOSPC) is.
 */
export function fsyncDirectory(directory: string | Buffer, platform = HERE): void {
  if (!platform.syncsDirectories) return;
  let descriptor: number;
  try {
    descriptor = openSync(directory, 'r');
  } catch (error) {
    // One that may be written and not read (a drop box) can have names put into it, and cannot be synced.
    if (cannotSync(error)) return;
    throw error;
  }
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!cannotSync(error)) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function cannotSync(error: unknown): boolean {
  return NOT_FOR_DIRECTORIES.has((error as NodeJS.ErrnoException).code ?? '');
}
