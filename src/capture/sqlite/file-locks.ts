import { type BigIntStats, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { statIfAny } from '../../system/stat-if-any.ts';

// The bytes of a database that SQLite locks: https://sqlite.org/src/file?name=src/os.h ("PENDING_BYTE").
const PENDING = 0x4000_0000;
const SHARED_FIRST = PENDING + 2;
const SHARED_LAST = SHARED_FIRST + 509;

/** The byte of `-shm` that every open connection holds a shared lock on (`UNIX_SHM_DMS` in SQLite's os_unix.c). */
const LIVE_BYTE = 128;

/** The first process namespace of a Linux kernel (`PROC_PID_INIT_INO`): there, `/proc/locks` shows the locks of all processes. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/**
 * Types of file systems where a lock may be held that is not shown: other computers, or a program, write to NFS, SMB, CIFS, SMB2, FUSE,
 * 9P, Ceph, AFS, Lustre, GFS2, OCFS2; overlayfs may show another inode.
 */
const UNSEEN_LOCKS = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f, 0x0bd00bd0, 0x01161970,
  0x7461636f, 0x794c7630,
]);

/**
 * What others hold on a database:
 *
 * - `none`: nobody writes.
 * - `reserved`: somebody is in a transaction and has not begun to write into the file.
 * - `exclusive`: somebody may be in the middle of writing into the file.
 * - `unknown`: no lock is seen, and the system does not show all of them.
 */
export type WriteLock = 'none' | 'reserved' | 'exclusive' | 'unknown';

interface HeldLock {
  write: boolean;
  start: number;
  end: number;
}

/** @param absolute path of the database. Throws what the system says. */
export function writeLockOn(absolute: string): WriteLock {
  const locks = locksOf(statSync(absolute, { bigint: true }));
  let lock: WriteLock = locks !== null && seesAllLocks(absolute) ? 'none' : 'unknown';
  for (const { write, start, end } of locks ?? []) {
    if (!write || end < PENDING || start > SHARED_LAST) continue;
    if (end >= SHARED_FIRST) return 'exclusive';
    lock = 'reserved';
  }
  return lock;
}

/** Whether a process holds the lock of an open connection in WAL mode; false also where the system does not show. */
export function isKeptOpen(shm: string): boolean {
  const stat = statIfAny(shm);
  if (stat === undefined) return false;
  return locksOf(stat)?.some(({ start, end }) => start <= LIVE_BYTE && end >= LIVE_BYTE) ?? false;
}

/**
 * The byte range locks that are held on a file, of a process (`POSIX`) or of an open file (`OFDLCK`).
 *
 * @returns null where the system does not show
 */
function locksOf({ dev, ino }: BigIntStats): HeldLock[] | null {
  let text: string;
  try {
    text = readFileSync('/proc/locks', 'latin1');
  } catch {
    return null;
  }
  const held: HeldLock[] = [];
  // "1: POSIX  ADVISORY  READ 1234 fe:00:56789 128 128", the file as device and inode; "->" marks one that waits.
  const row = new RegExp(
    `^\\d+: (?:POSIX|OFDLCK) +\\S+ +(READ|WRITE) +-?\\d+ (\\w+):(\\w+):${ino} (\\d+) (\\d+|EOF)$`,
    'gm',
  );
  for (const [, kind, major, minor, start, end] of text.matchAll(row)) {
    if (!isSameDevice(dev, Number(`0x${major}`), Number(`0x${minor}`))) continue;
    held.push({
      write: kind === 'WRITE',
      start: Number(start),
      end: end === 'EOF' ? Number.POSITIVE_INFINITY : Number(end),
    });
  }
  return held;
}

/** File systems without a device (major number 0), such as btrfs and overlayfs, show another one here than in `stat`. */
function isSameDevice(dev: bigint, major: number, minor: number): boolean {
  const ownMajor = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn));
  const ownMinor = Number((dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffff_ffffn));
  return ownMajor === 0 ? major === 0 : ownMajor === major && ownMinor === minor;
}

/** Whether no process can hold a lock on a file that is not shown: none of another container, none of another computer. */
function seesAllLocks(absolute: string): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE && !UNSEEN_LOCKS.has(statfsSync(absolute).type);
  } catch {
    return false;
  }
}
