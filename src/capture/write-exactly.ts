import { writeSync } from 'node:fs';

/** Writes all of `length` bytes at `position`. Throws what the system says. */
export function writeExactly(fd: number, from: Buffer, offset: number, length: number, position: number): void {
  for (let done = 0; done < length; ) done += writeSync(fd, from, offset + done, length - done, position + done);
}
