import { chmodSync, closeSync, constants, copyFileSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { closeQuietly } from '../system/close-quietly.ts';
import { writeSparse } from '../system/write-sparse.ts';
import { StepClock } from '../workers/step-clock.ts';
import { openRegular, readExactly } from './open-regular.ts';

const STEP = 1024 * 1024;

/**
 * Copies a file that others are writing to: as long as it was when it was opened, or up to where it ends by then. The event
 * loop goes on meanwhile.
 *
 * `copyFile` alone is not for such files: when one becomes shorter meanwhile, it tries to read the rest without end.
 *
 * @param to path of the copy, which only this user may read and write; does not exist yet
 * @throws what the system says; BackupError `ABORTED`
 */
export async function copyLiveFile(from: string | Buffer, to: string | Buffer, signal?: AbortSignal): Promise<void> {
  const source = openRegular(from);
  try {
    if (cloned(from, to)) return;
    const copy = openSync(to, 'w', 0o600);
    try {
      await copyBytes(source, copy, fstatSync(source).size, new StepClock(signal));
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

async function copyBytes(source: number, copy: number, size: number, clock: StepClock): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(STEP, size));
  let position = 0;
  let written = 0;
  while (position < size) {
    const read = readExactly(source, buffer, 0, Math.min(STEP, size - position), position);
    if (read === 0) break;
    written = writeSparse(copy, buffer.subarray(0, read), position);
    position += read;
    await clock.step(read);
  }
  // It ends in a hole.
  if (written < position) ftruncateSync(copy, position);
}
