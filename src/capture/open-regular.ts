import { constants, openSync, readSync } from 'node:fs';
import { type SystemReason, systemReason } from './system-reason.ts';

// NOFOLLOW: never read what a link that took the file's place points to. NONBLOCK: never wait for a FIFO's writer.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a file that a listing named. Throws what the system says; `replacedReason` makes sense of it. */
export function openRegular(absolute: string | Buffer): number {
  return openSync(absolute, FLAGS);
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
