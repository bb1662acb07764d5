import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import { setMtimes } from '../../system/exact-times.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { stableHostName } from '../../system/host-name.ts';
import { formatIdentity, ownIdentity } from '../../system/process-identity.ts';
import { fromSystemError } from '../../system-errors.ts';
import {
  bothLocations,
  type Location,
  locationInside,
  possibleLocations,
  resolveTarget,
  type Target,
} from '../location.ts';
import { readTop } from '../top-attributes.ts';
import { clearUnfinishedLocks, findHolders, type LockHolder, removeLockFile, writeLockFile } from './lock-file.ts';
import { acquireWithin, type LockWaitOptions } from './lock-wait.ts';

/** The right to change one state directory, held until released or until this process ends. */
export interface StateLock {
  /** Where the state directory and the artifacts around it lie. */
  readonly location: Location;
  /** Throws `STATE_DIR_LOCKED` if the lock is no longer ours: somebody removed it by hand, or considered this process dead. */
  assertHeld(): void;
  /** Gives the lock back, and takes away empty directories that were made for it. */
  release(): Promise<void>;
}

export interface LockOptions extends LockWaitOptions, OperationOptions {
  /**
   * Make the missing parents of a state directory that does not exist; a release removes those that stayed empty.
   * @default false
   */
  makeParents?: boolean;
}

const ATTEMPTS = 5;
const TOUCH_EVERY_MS = 30_000;
/** The system will not have a file there; perhaps it will inside the state directory. */
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS']);

/**
 * Locks a state directory for this process. `purpose` is what messages to others say that the holder is doing ("restore").
 *
 * Every contender puts down a file of its own, under a name never used again, and *then* looks for others. Of two, at least one
 * sees the other; whoever sees that of a running process removes its own and tries again a little later. So there is no moment in which
 * the lock of a dead holder is taken over, and none to race for.
 *
 * @throws `STATE_DIR_LOCKED` with the holder; `PERMISSION` where no lock can be written; `TARGET_NOT_DIRECTORY`;
 *   `STATE_DIR_MISSING` if the parent is missing and is not to be made; `ABORTED` while it waits.
 */
export function acquireStateLock(stateDir: string, purpose: string, options: LockOptions = {}): Promise<StateLock> {
  // Each time from the start: what was waited for may have put another directory there.
  const acquire = () => acquireOnce(stateDir, purpose, options);
  return acquireWithin(acquire, () => currentHolders(resolveTarget(stateDir)).length > 0, options);
}

async function acquireOnce(stateDir: string, purpose: string, options: LockOptions): Promise<StateLock> {
  const made: string[] = [];
  try {
    const target = resolveTarget(stateDir);
    prepareParents(target, options.makeParents ?? false, made);
    const locations = possibleLocations(target);
    for (const [index, location] of locations.entries()) {
      try {
        return await lockAt(location, purpose, made, options);
      } catch (error) {
        const refused = REFUSALS.has((error as NodeJS.ErrnoException).code ?? '');
        if (!refused || index === locations.length - 1) throw error;
      }
    }
    throw new Error('unreachable: there is always a place');
  } catch (error) {
    removeEmpty(made);
    throw fromSystemError(error, 'lock the state directory', stateDir);
  }
}

async function lockAt(
  location: Location,
  purpose: string,
  madeParents: readonly string[],
  { onEvent }: LockOptions,
): Promise<StateLock> {
  let path: string;
  let held: number | null;
  for (let attempt = 1; ; attempt += 1) {
    // Of its own: who has seen the file of the attempt before, and takes it for that of a dead holder, removes it by its name.
    path = join(location.directory, `${location.names.hidden}lock-${randomBytes(8).toString('hex')}`);
    const contest = contend(location, path, purpose, onEvent);
    held = contest.held;
    const [holder] = contest.others;
    if (holder === undefined) break;
    if (attempt === ATTEMPTS) throw contest.refusal ?? lockedError(location, holder);
    await delay(20 + Math.random() * 100);
  }
  clearUnfinishedLocks(location);
  // A dead holder's lock inside has just gone: the empty directory is not to travel with the previous tree.
  if (location.strategy === 'rename') removeReserved(locationInside(location));
  const inode = lstatSync(path).ino;
  const touching = setInterval(() => touch(path), TOUCH_EVERY_MS);
  touching.unref();
  return {
    location,
    assertHeld() {
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) return;
      throw new BackupError('STATE_DIR_LOCKED', 'the lock on the state directory was taken away from this run', {
        path,
        hint: 'Something removed it, or this process was suspended for long. Run it again.',
      });
    },
    async release() {
      clearInterval(touching);
      removeLockFile(path);
      if (held !== null) closeSync(held);
      held = null;
      removeReserved(locationInside(location));
      removeEmpty(madeParents);
    },
  };
}

interface Contest {
  /** The running processes that hold it besides; if there are any, our file has been removed again. */
  others: LockHolder[];
  /** The descriptor by which the kernel holds ours, if it does. */
  held: number | null;
  /** The error of the system when our file was made, where another holder may be the cause. */
  refusal?: unknown;
}

/** Puts the lock file down and looks for others. */
function contend(location: Location, path: string, command: string, onEvent: LockOptions['onEvent']): Contest {
  const own = ownIdentity();
  const hostname = stableHostName();
  const record = { owner: formatIdentity(own), pid: own.pid, hostname, command, since: new Date().toISOString() };
  makeReserved(location);
  let written: ReturnType<typeof writeLockFile>;
  try {
    written = writeLockFile(path, record);
  } catch (error) {
    removeReserved(location);
    // ENOENT: perhaps a holder took the directory away with its own lock.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { others: [{ path, record: null }], held: null, refusal: error };
    }
    throw error;
  }
  if (written === null) {
    removeReserved(location);
    return { others: [{ path, record: null }], held: null };
  }
  const { held } = written;
  try {
    const nowMs = statSync(path).mtimeMs;
    const others = bothLocations(location)
      .flatMap((each) => findHolders(each, nowMs, { own: path, ...(onEvent && { onEvent }) }))
      .sort((a, b) => (a.record?.since ?? '').localeCompare(b.record?.since ?? ''));
    if (others.length === 0) return { others, held };
    giveUp(location, path, held);
    return { others, held: null };
  } catch (error) {
    giveUp(location, path, held);
    throw error;
  }
}

function giveUp(location: Location, path: string, held: number | null): void {
  removeLockFile(path);
  if (held !== null) closeSync(held);
  removeReserved(location);
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Said by assertHeld, before anything depends on it.
  }
}

/** Why a state directory cannot be locked: who holds it. */
export function lockedError(location: Location, { path, record }: LockHolder): BackupError {
  const who =
    record === null
      ? 'another process'
      : `process ${record.pid}${record.hostname === stableHostName() ? '' : ` on ${record.hostname}`} (${record.command}, since ${record.since})`;
  const removal = existsSync(path) ? ` If you are sure that it no longer runs, remove ${path}` : '';
  return new BackupError('STATE_DIR_LOCKED', `the state directory is in use by ${who}`, {
    path: location.target,
    hint: `Wait until it is done; \`lockWait\` does that.${removal}`,
  });
}

/** The running processes that hold locks on a state directory, without taking one. */
export function currentHolders(target: Target): LockHolder[] {
  return bothLocations(target).flatMap((location) => findHolders(location, Date.now()));
}

/** Makes the missing parents, and puts them into `made`, the deepest first. */
function prepareParents({ stateDir, parent }: Target, make: boolean, made: string[]): void {
  if (existsSync(parent)) return;
  if (!make) {
    throw new BackupError('STATE_DIR_MISSING', 'the state directory does not exist, and neither does its parent', {
      path: stateDir,
      hint: 'Check the path given by `stateDir`.',
    });
  }
  for (let missing = parent; !existsSync(missing); missing = dirname(missing)) made.push(missing);
  mkdirSync(parent, { recursive: true });
  for (const each of made) fsyncDirectory(dirname(each));
}

function removeEmpty(directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      rmdirSync(directory);
    } catch {
      // Never made, or in use by now.
    }
  }
}

/** Does something to the names in the state directory that is none of its state: its modification time stays. */
function keepingMtime(directory: string, change: () => void): void {
  const { mtimeNs } = readTop(directory);
  change();
  if (readTop(directory).mtimeNs !== mtimeNs) setMtimes([{ path: directory, mtimeNs }]);
}

function makeReserved(location: Location): void {
  if (location.strategy === 'rename' || existsSync(location.directory)) return;
  keepingMtime(location.target, () => {
    try {
      // Not recursive: with that, Node reports ENOENT for a file system that is read-only.
      mkdirSync(location.directory, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  });
}

function removeReserved(location: Location): void {
  try {
    if (location.strategy === 'children' && readdirSync(location.directory).length === 0)
      keepingMtime(location.target, () => rmdirSync(location.directory));
  } catch {
    // In use again, or not ours to remove: an empty directory does no harm.
  }
}
