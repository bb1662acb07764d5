import { accessSync, chmodSync, constants, lstatSync, realpathSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { attempt } from './attempt.ts';
import { type BytePath, bytePath, childNames, joinBytes } from './byte-path.ts';
import { listedMountsBelow } from './mount-points.ts';
import { stepInto } from './near-path.ts';
import { HERE, type Platform } from './platform.ts';

/** Something that cannot be removed. */
export interface Obstacle {
  path: string;
  kind: 'mounted' | 'immutable' | 'other';
  /** What the system says; for people. */
  reason: string;
}

export interface Removed {
  entries: number;
  /** Content of regular files, as they say their size is. */
  bytes: number;
  /** What is still there because it cannot be removed; the directories above it are still there too, and not named. */
  remaining: Obstacle[];
}

const ENTRIES_PER_TURN = 500;
const MOST_NAMED = 100;

/**
 * Removes a directory and all below it, or a file: names that are not UTF-8, directories without write permission, paths longer than the
 * system takes, whatever is its owner's. What is mounted below it is never entered. What cannot be removed stays and is named; the rest goes.
 */
export async function removeTree(path: string | BytePath): Promise<Removed> {
  const removed: Removed = { entries: 0, bytes: 0, remaining: [] };
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return removed;
    if (!stats.isDirectory()) unlinkSync(path);
    else if (await new Remover(path, stats.dev, removed).clear(bytePath(path), bytePath(path))) rmdirSync(path);
  } catch (error) {
    removed.remaining.push(obstacleOf(path.toString(), error));
  }
  return removed;
}

/** What keeps a directory from being removed: something mounted below it, or a file that the system lets nobody change. Null if nothing is seen. */
export async function findObstacle(directory: string): Promise<Obstacle | null> {
  const top = lstatSync(directory, { throwIfNoEntry: false });
  if (top === undefined) return null;
  const [mount] = listedMountsBelow(realpathSync.native(directory));
  if (mount !== undefined) return mounted(mount);
  if (isImmutable(bytePath(directory), top)) return immutable(directory);
  return obstacleBelow(bytePath(directory), bytePath(directory), top.dev, { seen: 0 });
}

async function obstacleBelow(
  path: BytePath,
  named: BytePath,
  device: number,
  count: { seen: number },
): Promise<Obstacle | null> {
  const directory = attempt(() => stepInto(path));
  if (directory === null) return null;
  try {
    for (const name of attempt(() => childNames(directory.path)) ?? []) {
      const child = joinBytes(directory.path, name);
      const stats = attempt(() => lstatSync(child));
      // The removal will report what cannot be looked at.
      if (stats === null) continue;
      const childNamed = joinBytes(named, name);
      if (stats.isDirectory() && stats.dev !== device) return mounted(childNamed.toString());
      if (isImmutable(child, stats)) return immutable(childNamed.toString());
      count.seen += 1;
      if (count.seen % ENTRIES_PER_TURN === 0) await setImmediate();
      const below = stats.isDirectory() ? await obstacleBelow(child, childNamed, device, count) : null;
      if (below !== null) return below;
    }
    return null;
  } finally {
    directory.leave();
  }
}

/** Obstacles in one line: the first of them, and how many more. */
export function describeRemaining(obstacles: readonly Obstacle[]): string {
  const [first] = obstacles;
  if (first === undefined) return '';
  const more = obstacles.length > 1 ? `, and ${obstacles.length - 1} more` : '';
  return `${first.reason}${more}`;
}

/** What to do about an obstacle. */
export function hintFor({ kind, path }: Obstacle, { unlockCommand }: Platform = HERE): string {
  if (kind === 'mounted') return `Unmount it (umount ${path}), then run this again.`;
  if (kind === 'immutable') {
    return `Unlock it (${unlockCommand} ${path}), then run this again.`;
  }
  return 'Remove it as its owner, then run this again.';
}

/** The system forbids writing to immutable (Linux), locked (macOS) things with EPERM, even to root; where only rights are missing it says EACCES. */
export function isImmutable(path: BytePath, stats: Stats): boolean {
  if (!stats.isFile() && !stats.isDirectory()) return false;
  try {
    accessSync(path, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function mounted(path: string): Obstacle {
  return { path, kind: 'mounted', reason: `something is mounted at ${path}` };
}

/** The obstacle that an immutable file or directory is. */
export function immutable(path: string): Obstacle {
  return { path, kind: 'immutable', reason: `${path} is immutable` };
}

function obstacleOf(path: string, error: unknown): Obstacle {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EBUSY') return mounted(path);
  // EACCES where rights are missing; EPERM where it is immutable or append-only, or where the directory is sticky and not ours.
  if (code === 'EPERM') return { path, kind: 'immutable', reason: `${path} is immutable, or another user's` };
  return { path, kind: 'other', reason: error instanceof Error ? error.message : String(error) };
}

class Remover {
  readonly #device: number;
  readonly #removed: Removed;
  /** Mount points below, by the path that the directory was named with. */
  readonly #mounts: ReadonlySet<string>;

  constructor(directory: string | BytePath, device: number, removed: Removed) {
    this.#device = device;
    this.#removed = removed;
    const real = realpathSync.native(directory);
    const named = directory.toString();
    this.#mounts = new Set(listedMountsBelow(real).map((path) => named + path.slice(real.length)));
  }

  /**
   * Removes what is in a directory.
   *
   * @param path leads to it now
   * @param named the same, as it was named: of any length
   * @returns whether it is empty now
   */
  async clear(path: BytePath, named: BytePath): Promise<boolean> {
    const mode = lstatSync(path).mode & 0o7777;
    if ((mode & 0o700) !== 0o700) chmodSync(path, mode | 0o700);
    const directory = stepInto(path);
    let isEmpty = true;
    try {
      for (const name of childNames(directory.path)) {
        const childNamed = joinBytes(named, name);
        try {
          if (!(await this.#remove(joinBytes(directory.path, name), childNamed))) isEmpty = false;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
          isEmpty = false;
          this.#remains(obstacleOf(childNamed.toString(), error));
        }
        if (this.#removed.entries % ENTRIES_PER_TURN === 0) await setImmediate();
      }
    } finally {
      directory.leave();
    }
    return isEmpty;
  }

  async #remove(path: BytePath, named: BytePath): Promise<boolean> {
    const stats = lstatSync(path);
    // By the device directories alone: on an overlay a file may bear that of the layer that it lies in. By the table of mounts all: what is
    // bound there from the same device looks like anything else.
    const isOther = stats.isDirectory() && stats.dev !== this.#device;
    if (isOther || (this.#mounts.size > 0 && this.#mounts.has(named.toString()))) {
      this.#remains(mounted(named.toString()));
      return false;
    }
    if (stats.isDirectory()) {
      if (!(await this.clear(path, named))) return false;
      rmdirSync(path);
    } else {
      unlinkSync(path);
      if (stats.isFile()) this.#removed.bytes += stats.size;
    }
    this.#removed.entries += 1;
    return true;
  }

  #remains(obstacle: Obstacle): void {
    if (this.#removed.remaining.length < MOST_NAMED) this.#removed.remaining.push(obstacle);
  }
}
