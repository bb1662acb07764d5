import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { type BytePath, bytePath } from './byte-path.ts';
import { HERE, type Platform } from './platform.ts';

const { O_DIRECTORY = 0, O_NOFOLLOW = 0, O_RDONLY } = constants;

/** An open directory, and a short path that leads to it while it is open. */
export interface NearDirectory {
  readonly path: string;
  /** Closes it. */
  leave(): void;
}

/**
 * Opens a directory, so that what lies in it can be named by a short path. A staging directory has a longer name than the state directory,
 * so paths that end at the limit there pass it here.
 *
 * @returns null where the system knows no such path
 * @throws what the system says; a symbolic link is not followed
 */
export function enterDirectory(directory: string | BytePath, platform: Platform = HERE): NearDirectory | null {
  if (platform.directoryByDescriptor === null) return null;
  const descriptor = openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const leave = () => closeSync(descriptor);
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    const path = platform.directoryByDescriptor(descriptor, dev, ino);
    const there = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (there?.dev === dev && there.ino === ino) return { path, leave };
  } catch (error) {
    leave();
    throw error;
  }
  // No /proc is mounted, or the file system has no numbers for its files.
  leave();
  return null;
}

/** For walks that go down a tree: a directory under its own path while that is short, and under a nearer one where it is not. */
export function stepInto(directory: BytePath, platform: Platform = HERE): { path: BytePath; leave(): void } {
  // Far enough from the limit for any name.
  const near = directory.length > platform.maxPathBytes / 2 ? enterDirectory(directory, platform) : null;
  return near === null ? { path: directory, leave() {} } : { path: bytePath(near.path), leave: near.leave };
}

export interface WithinOptions {
  /** Make the directories on the way that are missing, mode 0700. */
  makeParents?: boolean;
  platform?: Platform;
}

/**
 * Calls `act` with a path to `relative` below `root` that the system takes, however long the two are together. No link on the way is
 * followed where it has to go step by step.
 */
export function within<T>(root: string, relative: string, act: (path: string) => T, options: WithinOptions = {}): T {
  const { makeParents = false, platform = HERE } = options;
  const whole = `${root}/${relative}`;
  const room = platform.maxPathBytes - Buffer.byteLength(root) - 1;
  const cut = Buffer.byteLength(relative) > room ? lastSlash(relative, room) : -1;
  // What cannot be divided the system may validator.
  if (cut < 0) return act(whole);
  const first = `${root}/${relative.slice(0, cut)}`;
  if (makeParents && lstatSync(first, { throwIfNoEntry: false }) === undefined)
    mkdirSync(first, { recursive: true, mode: 0o700 });
  const near = enterDirectory(first, platform);
  if (near === null) return act(whole);
  try {
    return within(near.path, relative.slice(cut + 1), act, options);
  } finally {
    near.leave();
  }
}

/** Where the last slash is in the first `bytes` bytes of a path, counted in characters; -1 for nowhere. */
function lastSlash(path: string, bytes: number): number {
  const head = Buffer.from(path).subarray(0, Math.max(0, bytes));
  const at = head.lastIndexOf('/');
  return at < 0 ? -1 : head.toString('utf8', 0, at).length;
}
