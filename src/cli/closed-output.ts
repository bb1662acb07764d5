import { fstatSync, readSync, statSync } from 'node:fs';
import { Writable } from 'node:stream';
import type { OutputStream } from './terminal.ts';

/**
 * Whether a standard stream was closed by whoever started this process (`>&-`). Node opens the null device in its place, so that writing to
 * it would succeed; but for reading too, which a redirection to it does not.
 *
 * @param descriptor of an output: 1 or 2
 */
function wasClosed(descriptor: number): boolean {
  try {
    const there = fstatSync(descriptor);
    if (!there.isCharacterDevice() || there.rdev !== statSync('/dev/null').rdev) return false;
    readSync(descriptor, Buffer.alloc(1), 0, 1, null);
    return true;
  } catch {
    // Not to be read from: a redirection.
    return false;
  }
}

/** A standard output; one that fails if it was closed from the start. */
export function outputStream(stream: OutputStream, descriptor: number): OutputStream {
  if (!wasClosed(descriptor)) return stream;
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('it is closed'), { code: 'EBADF' })),
  });
}
