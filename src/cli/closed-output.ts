import { fstatSync, readSync, statSync } from 'node:fs';
import { BackupError } from '../errors.ts';
import type { OutputStream } from './terminal.ts';

/**
 * Refuses to write a snapshot to a standard output that was closed when this process was started (`>&-`). Node opens the null device in
 * its place, so that writing to it would succeed; but for reading too, which `> /dev/null` does not.
 *
 * Only for a snapshot: other programs, Python among them, open the null device for reading and writing when they want no report.
 *
 * @throws BackupError `OUTPUT_UNWRITABLE`
 */
export function refuseClosedOutput(stdout: OutputStream): void {
  const { fd } = stdout as { fd?: unknown };
  if (typeof fd !== 'number' || !isNullDeviceForReading(fd)) return;
  throw new BackupError('OUTPUT_UNWRITABLE', 'standard output is closed: there is nowhere to write the snapshot', {
    hint: 'Send it into a pipe or a file. To throw it away, open /dev/null for writing only.',
  });
}

function isNullDeviceForReading(fd: number): boolean {
  try {
    const there = fstatSync(fd);
    if (!there.isCharacterDevice() || there.rdev !== statSync('/dev/null').rdev) return false;
    readSync(fd, Buffer.alloc(1), 0, 1, null);
    return true;
  } catch {
    // Not to be read from: a redirection.
    return false;
  }
}
