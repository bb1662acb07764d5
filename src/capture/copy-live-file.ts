import { chmodSync, closeSync, constants, copyFileSync, fstatSync, openSync, writeSync } from 'node:fs';
import { closeQuietly, openRegular, readExactly } from './open-regular.ts';

const STEP = 1024 * 1024;

/**
 * Copies a file that others are writing to: as long as it was when it was opened, or up to where it ends by then.
 *
 * `copyFileSync` alone is not for such files: when one becomes shorter under it, it asks for the rest for ever.
 *
 * @param to path of the copy, which only this user may read and write; does not exist yet
 * @throws what the system says
 */
export function copyLiveFile(from: string | Buffer, to: string | Buffer): void {
  const source = openRegular(from);
  try {
    if (cloned(from, to)) return;
    const copy = openSync(to, 'w', 0o600);
    try {
      copyBytes(source, copy, fstatSync(source).size);
    } finally {
      closeSync(copy);
    }
  } finally {
    closeQuietly(source);
  }
}

/** Has the file system share the bytes, all of one moment, where it can. On Linux alone: libuv does not clone on macOS, where this fails. */
function cloned(from: string | Buffer, to: string | Buffer): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    // It has the mode of the original, which its owner may not be allowed to write to.
    chmodSync(to, 0o600);
    return true;
  } catch {
    return false;
  }
}

function copyBytes(source: number, copy: number, size: number): void {
  const buffer = Buffer.allocUnsafeSlow(Math.min(STEP, size));
  for (let position = 0; position < size; ) {
    const read = readExactly(source, buffer, 0, Math.min(STEP, size - position), position);
    if (read === 0) return;
    for (let done = 0; done < read; ) done += writeSync(copy, buffer, done, read - done, position + done);
    position += read;
  }
}
