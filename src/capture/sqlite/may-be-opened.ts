import { readFileSync, statSync } from 'node:fs';
import { closeQuietly, openRegular, readExactly } from '../open-regular.ts';

/** Offset of the "read version" in the header; 2 says that the database is in WAL mode. */
const READ_VERSION_OFFSET = 19;
const WAL_MODE = 2;

/** The byte of `-shm` that every open connection holds a shared lock on (`UNIX_SHM_DMS` in SQLite's os_unix.c). */
const LIVE_BYTE = 128;

/**
 * Whether SQLite may open a database without leaving a trace. In WAL mode that needs a process that has it open: the
 * first connection creates or rewrites `-shm`, also when it only reads.
 *
 * @param absolute path of the database
 */
export function mayBeOpened(absolute: string): boolean {
  const inUse = isHeldOpen(`${absolute}-shm`);
  return inUse || !(isInWalMode(absolute) || statSync(`${absolute}-wal`, { throwIfNoEntry: false }) !== undefined);
}

function isInWalMode(absolute: string): boolean {
  const version = Buffer.alloc(1);
  const fd = openRegular(absolute);
  try {
    readExactly(fd, version, 0, 1, READ_VERSION_OFFSET);
  } finally {
    closeQuietly(fd);
  }
  return version[0] === WAL_MODE;
}

/** Whether a process holds the lock of an open connection; false also where the system does not tell. */
function isHeldOpen(shm: string): boolean {
  const inode = statSync(shm, { bigint: true, throwIfNoEntry: false })?.ino;
  if (inode === undefined) return false;
  try {
    // "1: POSIX  ADVISORY  READ 1234 fe:00:56789 128 128", the file as device and inode.
    const held = new RegExp(`^\\d+: \\S+ +\\S+ +\\S+ +-?\\d+ \\S+:${inode} ${LIVE_BYTE} ${LIVE_BYTE}$`, 'm');
    return held.test(readFileSync('/proc/locks', 'utf8'));
  } catch {
    return false;
  }
}
