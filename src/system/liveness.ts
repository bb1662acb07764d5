import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { askLock } from './kernel-lock.ts';
import { HERE, type Platform } from './platform.ts';
import { areInNoContainer, ownIdentity, type ProcessIdentity, startedAt } from './process-identity.ts';
import { isPidAlive, processFacts } from './processes.ts';

/** What a process put down: a lock, a file in the making, a directory for copies. */
export interface Mark {
  path: string;
  owner: ProcessIdentity;
  /** Whether the owner holds a lock of the kernel on it for as long as it lives. */
  isHeld: boolean;
}

/** `unknown`: the owner is on another machine or in another container, where this process cannot look. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** `silent`: it cannot be known whether the owner lives, and it gave no sign of life for a day. */
export type Usage = 'in-use' | 'dead' | 'silent';

/** An owner that cannot be looked at counts as alive for so long after its last sign of life. */
const SILENCE_MS = 24 * 60 * 60_000;

/** How far the clocks of a file system and of the kernel may be apart. */
const CLOCK_SLACK_MS = 5000;

/**
 * `f_type` of file systems that one kernel alone can have mounted: ext, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, overlayfs, FAT and exFAT,
 * NTFS. See statfs(2).
 */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0xca451a4e, 0x01021994, 0x794c7630, 0x4d44, 0x2011bab0,
  0x7366746e,
]);

function isOnLocalFileSystem(path: string, platform: Platform): boolean {
  if (platform.processesFrom !== 'proc') return false;
  try {
    // Some of the numbers have 32 bits, and come with a sign on some architectures.
    return LOCAL_FILE_SYSTEMS.has(statfsSync(dirname(path)).type >>> 0);
  } catch {
    return false;
  }
}

/** Whether the process that put `mark` down still runs, as far as this one can see. */
export function livenessOf(
  mark: Mark,
  platform: Platform = HERE,
  here: ProcessIdentity = ownIdentity(platform),
): Liveness {
  const { owner } = mark;
  if (owner.boot !== null && here.boot !== null && owner.boot !== here.boot)
    return livenessAcrossBoots(mark, platform, here);
  // One that shows its boot by nothing can be known by its name, unless containers share that.
  const bootsAreKnown = owner.boot !== null && here.boot !== null;
  const sameKernel = bootsAreKnown || (!platform.hasPidNamespaces && owner.host === here.host);
  const sameNumbers = !platform.hasPidNamespaces || owner.namespace !== null;
  if (sameKernel && sameNumbers && owner.namespace === here.namespace) return livenessByNumber(owner, platform);
  if (
    !mark.isHeld ||
    (!(owner.boot === here.boot && owner.boot !== null) && !isOnLocalFileSystem(mark.path, platform))
  ) {
    return 'unknown';
  }
  const lock = askLock(mark.path, platform);
  return lock === 'unknown' ? 'unknown' : lock === 'held' ? 'alive' : 'dead';
}

/** Another kernel, or another run of this one. */
function livenessAcrossBoots({ owner, path }: Mark, platform: Platform, here: ProcessIdentity): Liveness {
  // What only one kernel can have mounted belongs to this one now.
  if (isOnLocalFileSystem(path, platform)) return 'dead';
  // The same machine, started again since. The name of a container says nothing of its machine.
  const isNamed = !platform.hasPidNamespaces || areInNoContainer(owner, here);
  return isNamed && owner.host === here.host ? 'dead' : 'unknown';
}

function livenessByNumber(owner: ProcessIdentity, platform: Platform): Liveness {
  if (!isPidAlive(owner.pid, platform)) return 'dead';
  const facts = processFacts(owner.pid, platform);
  return facts !== null && !startedAt(owner, facts.started) ? 'dead' : 'alive';
}

/**
 * Whether the process with this number lives, and is the one that was meant when the number was written down.
 *
 * @param writtenMs when that was, in milliseconds since 1970, by the clock of a file system; null where it is not known
 */
export function isAliveSince(pid: number, writtenMs: number | null, platform: Platform = HERE): boolean {
  if (!isPidAlive(pid, platform)) return false;
  const startedMs = processFacts(pid, platform)?.startedMs ?? null;
  return startedMs === null || writtenMs === null || startedMs <= writtenMs + CLOCK_SLACK_MS;
}

/**
 * Whether what a process put down is still needed.
 *
 * @param nowMs the present, by the clock of the file system that the mark lies on
 */
export function usageOf(
  mark: Mark,
  nowMs: number,
  platform: Platform = HERE,
  here: ProcessIdentity = ownIdentity(platform),
): Usage {
  const liveness = livenessOf(mark, platform, here);
  if (liveness !== 'unknown') return liveness === 'alive' ? 'in-use' : 'dead';
  // A sign from the far future is that of a clock that was wrong.
  return Math.abs(nowMs - lastSignMs(mark.path)) < SILENCE_MS ? 'in-use' : 'silent';
}

/** When something last changed: the file, or the directory and what lies right in it. Now, if it is gone. */
function lastSignMs(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return Date.now();
  let last = stats.mtimeMs;
  if (!stats.isDirectory()) return last;
  for (const name of readdirSync(path)) {
    last = Math.max(last, lstatSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs ?? last);
  }
  return last;
}
