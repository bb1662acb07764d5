import { readFileSync, statSync } from 'node:fs';
import { askLock } from './kernel-lock.ts';
import { HERE, type Platform } from './platform.ts';

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
  const pid = platform.tellsBy === 'proc' ? pidInTable(path) : null;
  if (pid !== null) return { state: 'held', pid };
  if (!thorough) return { state: 'unknown' };
  const asked = askLock(path, platform);
  return asked === 'held' ? { state: 'held', pid: null } : { state: asked };
}

/** By /proc/locks: `1: FLOCK  ADVISORY  WRITE 4711 08:02:131090 0 EOF`. Locks that wait have an arrow behind their number. */
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
