import { constants, openSync, readSync } from 'node:fs';
import { type SystemReason, systemReason } from './system-reason.ts';

// NOFOLLOW: never read what a link that took the file's place points to. NONBLOCK: never wait for a FIFO's writer.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** More looks at what is said to be missing. */
const FURTHER_LOOKS = 2;

/** Opens a file that a listing named. Throws what the system says; `readFailure` turns that into a status. */
export function openRegular(absolute: string | Buffer): number {
  try {
    return openSync(absolute, FLAGS);
  } catch (error) {
    return lookAgainFor(error, () => openSync(absolute, FLAGS));
  }
}

/**
 * Looks again for what a listing named, before it is taken for gone: a file system that a process or another computer serves (FUSE, NFS)
 * may show nothing at the moment at which another file takes the name over.
 *
 * @param error what the first look ended with
 */
export function lookAgainFor<T>(error: unknown, look: () => T): T {
  let last = error;
  for (let left = FURTHER_LOOKS; left > 0 && isMissing(last); left--) {
    try {
      return look();
    } catch (next) {
      last = next;
    }
  }
  throw last;
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESTALE';
}

/** What became of a file that could not be opened or read. */
export function readFailure(error: unknown): SystemReason {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') {
    return { status: 'deleted', detail: `something else took its place (${code})` };
  }
  return systemReason(error);
}

/**
 * Reads exactly `length` bytes from `position`, unless the file ends before.
 *
 * @returns the number of bytes read
 */
export function readExactly(fd: number, into: Uint8Array, offset: number, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    let read: number;
    try {
      read = readSync(fd, into, offset + done, length - done, position + done);
    } catch (error) {
      // libuv repeats every interrupted call but this one.
      if ((error as NodeJS.ErrnoException).code === 'EINTR') continue;
      throw error;
    }
    if (read === 0) break;
    done += read;
  }
  return done;
}
