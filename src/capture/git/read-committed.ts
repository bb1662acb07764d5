import { type BigIntStats, fstatSync } from 'node:fs';
import { closeQuietly } from '../../system/close-quietly.ts';
import { openRegular, readExactly, readFailure } from '../open-regular.ts';
import type { SystemReason } from '../system-reason.ts';

/** A file of git, read whole. */
export interface CommittedFile {
  stat: BigIntStats;
  bytes: Buffer;
}

/** Git appends to its logs: one that is being written to is read again, so that it is of the same moment as the refs. */
const ATTEMPTS = 5;

/**
 * Reads a file that git writes under another name and then renames, as it does with all that names objects but its logs:
 * what is opened is complete, and never changes.
 *
 * @returns null for one that is written to in place all the time, and so is none of those
 */
export function readCommitted(absolute: string): CommittedFile | SystemReason | null {
  try {
    const fd = openRegular(absolute);
    try {
      let stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile()) return { status: 'deleted', detail: 'something else took its place' };
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        // Of its own memory, so that it may be moved to another thread.
        const bytes = Buffer.allocUnsafeSlow(Number(stat.size));
        const read = readExactly(fd, bytes, 0, bytes.length, 0);
        const after = fstatSync(fd, { bigint: true });
        if (after.size === stat.size && after.mtimeNs === stat.mtimeNs && read === bytes.length) return { stat, bytes };
        stat = after;
      }
      return null;
    } finally {
      closeQuietly(fd);
    }
  } catch (error) {
    return readFailure(error);
  }
}
