import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type BytePath, bytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { setMtimes } from '../../system/exact-times.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { syncFileSystemNow } from '../staging/sync-tree.ts';
import type { KnownTopAttributes } from '../top-attributes.ts';
import { type ExchangedDirectory, recordPath } from './exchange-record.ts';

/** More directories than these are made durable by one sync of their file system instead of one each. */
const MOST_SINGLE_SYNCS = 256;

/** Renames, and the directories that they touch, until these are durable. */
export class Moves {
  readonly #touched = new Set<string>();
  readonly #made = new Set<string>();

  /** Renames `from` to `to`, where nothing is there. `mode` is what a directory gets back that has to be made writable for the rename; null for others. */
  move(from: BytePath, to: BytePath, mode: number | null): void {
    if (mode !== null) chmodSync(from, mode | 0o700);
    renameSync(from, to);
    if (mode !== null) chmodSync(to, mode);
    this.touch(parentOf(from));
    this.touch(parentOf(to));
  }

  touch(directory: BytePath): void {
    this.#touched.add(directory.toString('latin1'));
  }

  /** Makes the directories that a path lies in. */
  makeParents(path: BytePath): void {
    const parent = parentOf(path);
    const key = parent.toString('latin1');
    if (this.#made.has(key)) return;
    const missing: BytePath[] = [];
    for (let at = parent; !exists(at); at = parentOf(at)) missing.push(at);
    for (const each of missing.reverse()) {
      mkdirSync(each, { mode: 0o700 });
      this.touch(parentOf(each));
    }
    this.#made.add(key);
  }

  /** Makes everything durable that was renamed so far. */
  sync(): void {
    const directories = [...this.#touched].map((each) => Buffer.from(each, 'latin1')).filter(exists);
    this.#touched.clear();
    if (directories.length > MOST_SINGLE_SYNCS && syncAtOnce(directories)) return;
    for (const directory of directories) fsyncDirectory(directory);
  }
}

/** One sync for each file system that the directories are on. */
function syncAtOnce(directories: readonly BytePath[]): boolean {
  const devices = new Map<number, BytePath>();
  for (const directory of directories) devices.set(lstatSync(directory).dev, directory);
  return [...devices.values()].every((directory) => syncFileSystemNow(directory));
}

/** Makes these directories writable for their owner, so that names in them can be changed. */
export function openDirectories(directories: readonly ExchangedDirectory[], live: (path: string) => BytePath): void {
  if (process.geteuid?.() === 0) return;
  // Those at the top first, so that the ones below can be reached.
  for (let i = directories.length - 1; i >= 0; i--) {
    const { path, before } = directories[i] as ExchangedDirectory;
    if ((before.mode & 0o700) === 0o700) continue;
    const directory = live(path);
    if (exists(directory)) chmodSync(directory, before.mode | 0o700);
  }
}

/**
 * Gives directories their attributes, and makes them and what was renamed durable.
 *
 * @param finished the directories, those deep down first, each with what it is to have
 */
export function finishDirectories(
  finished: readonly { directory: BytePath; attributes: KnownTopAttributes }[],
  moves: Moves,
): void {
  const ours = finished.filter(({ directory }) => isOurs(directory));
  setMtimes(ours.map(({ directory, attributes }) => ({ path: directory, mtimeNs: attributes.mtimeNs })));
  for (const { directory } of ours) moves.touch(directory);
  const staysOpen = ({ attributes }: (typeof ours)[number]) => (attributes.mode & 0o500) === 0o500;
  for (const each of ours) if (staysOpen(each)) setOwnerAndMode(each);
  moves.sync();
  // A directory that may not be read cannot be opened for a sync any more.
  for (const each of ours) if (!staysOpen(each)) setOwnerAndMode(each);
}

/** Whether it is there, and this user may set its mode and times. */
function isOurs(directory: BytePath): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  const user = process.geteuid?.();
  return stats?.isDirectory() === true && (user === undefined || user === 0 || stats.uid === user);
}

function setOwnerAndMode({ directory, attributes }: { directory: BytePath; attributes: KnownTopAttributes }): void {
  const { uid, gid, mode } = lstatSync(directory);
  // Only when it differs, because nobody but root may; and before chmod, because it clears set-group-id.
  if (uid !== attributes.uid || gid !== attributes.gid) chownSync(directory, attributes.uid, attributes.gid);
  if ((mode & 0o7777) !== attributes.mode) chmodSync(directory, attributes.mode);
}

/** Removes empty directories, and a record among them. Whatever else is found stays where it is, with its directories. */
export function removeSkeleton(directory: BytePath): void {
  if (!exists(directory)) return;
  removeEmpty(directory);
  const record = bytePath(recordPath(directory.toString()));
  try {
    if (childNames(directory).every((name) => name.toString() === basename(record.toString()))) {
      if (exists(record)) unlinkSync(record);
      rmdirSync(directory);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function removeEmpty(directory: BytePath): void {
  for (const entry of readdirSync(directory, { encoding: 'buffer', withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = joinBytes(directory, entry.name);
    removeEmpty(path);
    if (childNames(path).length === 0) rmdirSync(path);
  }
}

function parentOf(path: BytePath): BytePath {
  return path.subarray(0, Math.max(1, path.lastIndexOf(0x2f)));
}

export function exists(path: BytePath): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
