import { closeSync, constants, openSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { HERE, type Platform } from './platform.ts';

// Locks of whole files, flock(2): the kernel gives them back when their holder dies, and shows them across containers. Node has no
// call for it. On Linux flock(1) takes the lock on our own open file, which it is handed; on macOS and the BSDs open(2) does.

/** Descriptor of the file, or directory, that is now locked until it is closed; null where there is no such lock to be had. */
export function holdLock(path: string, isDirectory: boolean): number | null {
  let descriptor: number;
  try {
    // On NFS an exclusive lock wants a file that is open for writing.
    descriptor = openSync(path, isDirectory ? constants.O_RDONLY : constants.O_RDWR);
  } catch {
    return null;
  }
  if (askSystem('flock', ['-x', '-n', '3'], descriptor)?.status === 0) return descriptor;
  closeSync(descriptor);
  return null;
}

/** Whether somebody holds such a lock on a file or directory. `unknown` where it cannot be asked. */
export function askLock(path: string, { sharedLockFlag }: Platform = HERE): 'held' | 'free' | 'unknown' {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | sharedLockFlag);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'held' : 'unknown';
  }
  try {
    if (sharedLockFlag !== 0) return 'free';
    // A shared one: two who ask at the same time are not in each other's way.
    const status = askSystem('flock', ['-s', '-n', '3'], descriptor)?.status;
    return status === 0 ? 'free' : status === 1 ? 'held' : 'unknown';
  } finally {
    closeSync(descriptor);
  }
}
