import { readSync } from 'node:fs';
import { readExactly } from './open-regular.ts';

/** What is asked for at once of a file that does not say how long it is. */
const STEP = 64 * 1024;

/**
 * Reads a file of a stated size, and asks for one byte more: files whose content the system makes up (procfs, FUSE with
 * direct I/O) state 0 or a page. A file that ends where it says takes one system call.
 *
 * @param into has room for `size + 1` bytes from `offset`
 * @returns bytes read; more than `size` when the file does not end there
 */
export function readStated(fd: number, into: Buffer, offset: number, size: number): number {
  const read = readSome(fd, into, offset, size + 1, 0);
  // Nothing at all is an end; less than is stated need not be.
  if (read === 0 || read >= size) return read;
  return read + readExactly(fd, into, offset + read, size + 1 - read, read);
}

/**
 * Reads on to the end.
 *
 * @param known the beginning of the content
 * @param most bytes that the content may have
 * @returns the whole content; null when it has more
 */
export function readOn(fd: number, known: Buffer, most: number): Buffer | null {
  const parts = [Buffer.from(known)];
  let length = known.length;
  for (;;) {
    const part = Buffer.allocUnsafeSlow(STEP);
    const read = readExactly(fd, part, 0, STEP, length);
    parts.push(part.subarray(0, read));
    length += read;
    if (length > most) return null;
    if (read < STEP) return Buffer.concat(parts, length);
  }
}

function readSome(fd: number, into: Buffer, offset: number, length: number, position: number): number {
  for (;;) {
    try {
      return readSync(fd, into, offset, length, position);
    } catch (error) {
      // libuv repeats every interrupted call but this one.
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error;
    }
  }
}
