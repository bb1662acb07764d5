import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { askSystem } from './ask-system.ts';
import { HERE, type Platform } from './platform.ts';

// Locks of whole files, flock(2): the kernel gives them back when their holder dies, and shows them across containers. Node has no
// call for it. On Linux flock(1) takes the lock on our own open file, which it is handed; on macOS and the BSDs open(2) does.

/** Descriptor of the file, or directory, that is now locked until it is closed; null where there is no such lock to be had. */
export function holdLock(path: string, isDirectory: boolean): number | null {
  let descriptor: number;
  try {
    // On NFS an exclusive lock wants a file that is open for writing.
    descriptor = openSync(path, isDirectory ? constants.O_RDONLY : constants.O_RDWR);
  } catch {
    return null;
  }
  if (askSystem('flock', ['-x', '-n', '3'], descriptor)?.status === 0) return descriptor;
  closeSync(descriptor);
  return null;
}

/** Whether somebody holds such a lock on a file or directory. `unknown` where it cannot be asked. */
export function askLock(path: string, { sharedLockFlag }: Platform = HERE): 'held' | 'free' | 'unknown' {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | sharedLockFlag);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'held' : 'unknown';
  }
  try {
    if (sharedLockFlag !== 0) return 'free';
    // A shared one: two processes that ask at the same time do not block each other.
    const status = askSystem('flock', ['-s', '-n', '3'], descriptor)?.status;
    return status === 0 ? 'free' : status === 1 ? 'held' : 'unknown';
  } finally {
    closeSync(descriptor);
  }
}

/** Who holds a lock of the kernel on a file. */
export type LockState =
  | { state: 'held' /** Null if it cannot be seen from here: another container. */; pid: number | null }
  | { state: 'free' | 'unknown' };

/**
 * Whether a process holds a lock on `path` (flock(2); on Linux also fcntl(2)). Such a lock ends with its process, unlike the file.
 *
 * @param thorough ask the kernel by trying, also where its table shows none: that sees into other containers
 */
export function lockOn(path: string, thorough: boolean, platform: Platform = HERE): LockState {
  const pid = platform.processesFrom === 'proc' ? pidInTable(path) : null;
  if (pid !== null) return { state: 'held', pid };
  if (!thorough) return { state: 'unknown' };
  const asked = askLock(path, platform);
  return asked === 'held' ? { state: 'held', pid: null } : { state: asked };
}

/** By /proc/locks: `1: FLOCK  ADVISORY  WRITE 4711 08:02:131090 0 EOF`. Locks that wait have an arrow after their number. */
function pidInTable(path: string): number | null {
  let table: string;
  let key: string;
  try {
    table = readFileSync('/proc/locks', 'latin1');
    const { dev, ino } = statSync(path, { bigint: true });
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
    key = `${hex(major)}:${hex(minor)}:${ino}`;
  } catch {
    return null;
  }
  for (const line of table.split('\n')) {
    const [, pid, place] = /^\d+: (?:FLOCK|POSIX|OFDLCK) +\S+ +\S+ (-?\d+) (\S+) /.exec(line) ?? [];
    if (place === key) return Number(pid);
  }
  return null;
}

function hex(part: bigint): string {
  return part.toString(16).padStart(2, '0');
}
