import { statSync } from 'node:fs';
import { closeQuietly } from '../../system/close-quietly.ts';
import { openRegular, readExactly } from '../open-regular.ts';

/** Offset of the "read version" in the header; 2 says that the database is in WAL mode. */
const READ_VERSION_OFFSET = 19;
const WAL_MODE = 2;

/** Whether a database is in WAL mode: then nothing is written into its file but what is in its WAL. Throws what the system says. */
export function isInWalMode(absolute: string): boolean {
  return headOf(absolute, READ_VERSION_OFFSET, 1)?.[0] === WAL_MODE;
}

/** Some bytes of a file; null when there is no file of that name, or it ends before them. Throws what else the system says. */
export function headOf(absolute: string, position: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  try {
    const fd = openRegular(absolute);
    try {
      return readExactly(fd, bytes, 0, length, position) === length ? bytes : null;
    } finally {
      closeQuietly(fd);
    }
  } catch (error) {
    if (isNoFile(error as NodeJS.ErrnoException, absolute)) return null;
    throw error;
  }
}

/** Whether nothing is there, or can be under so long a name; or what is not a file: a directory, a socket, a link that leads nowhere. SQLite opens none of them. */
function isNoFile({ code }: NodeJS.ErrnoException, absolute: string): boolean {
  if (code === 'ELOOP') return statSync(absolute, { throwIfNoEntry: false }) === undefined;
  return code === 'ENOENT' || code === 'EISDIR' || code === 'ENXIO' || code === 'ENAMETOOLONG';
}
