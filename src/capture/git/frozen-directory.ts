import { type BigIntStats, lstatSync } from 'node:fs';
import { comparePaths } from '../../format/path-order.ts';
import { type DirectoryNames, listDirectory } from '../directory-names.ts';
import type { HeldFile } from '../held-file.ts';
import { ScannedDirectory } from '../scanned-directory.ts';
import { isDatabaseContent } from '../sqlite/side-files.ts';
import { type PublishedFile, readPublished } from './read-published.ts';

/** A directory as it was at one moment, with the content of its files. */
export interface FrozenDirectory {
  /** Null: to be listed when its turn comes. */
  listing: DirectoryNames | null;
  /** What was frozen of it. What is listed and not here is looked at when its turn comes. */
  children: Map<string, FrozenFile | FrozenBranch | HeldFile>;
}

export interface FrozenBranch extends FrozenDirectory {
  stat: BigIntStats;
}

export type FrozenFile = PublishedFile;

export interface FreezeOptions {
  /** Names that are read before the others, in this order, whether they are listed or not. */
  first: readonly string[];
  /** Bytes of one file that are held in memory at most; a larger one is read when its turn comes. */
  largest: number;
  /** Bytes that are left for all of them. */
  left: number;
  /** Called for each of those. May open it at once, so that it is there then. */
  tooLarge: (path: string, absolute: string) => HeldFile | null;
  /** Called for what was listed and is gone. May throw, to begin anew. */
  vanished: (path: string) => void;
  /** Whether something is looked at when its turn comes. Told the listing of a directory, null of a file. */
  staysLive: (path: string, name: string, listing: DirectoryNames | null) => boolean;
  /** Whether the user left something out, which is then not looked at. */
  isExcluded: (directory: ScannedDirectory, name: string) => boolean;
}

const GONE = Symbol('gone');

export function isFrozenFile(node: FrozenFile | FrozenBranch | HeldFile): node is FrozenFile {
  return 'bytes' in node;
}

export function isFrozenBranch(node: FrozenFile | FrozenBranch | HeldFile): node is FrozenBranch {
  return 'children' in node;
}

/**
 * Reads a directory with all that is below it. What is gone before it is read is not in it.
 *
 * @param absolute path of the directory, ending with `/`
 * @param path of the directory in the snapshot, ending with `/`
 */
export function freezeDirectory(absolute: string, path: string, options: FreezeOptions): FrozenDirectory {
  return freezeListed(listDirectory(absolute), absolute, path, options.first, options);
}

function freezeListed(
  { names, undecodable }: DirectoryNames,
  absolute: string,
  path: string,
  first: readonly string[],
  options: FreezeOptions,
): FrozenDirectory {
  const children: FrozenDirectory['children'] = new Map();
  const there: string[] = [];
  const directory = new ScannedDirectory(path, absolute, names, null);
  for (const name of new Set([...first, ...names])) {
    if (options.isExcluded(directory, name)) {
      if (names.includes(name)) there.push(name);
      continue;
    }
    const isLive = options.staysLive(path + name, name, null);
    const child = isLive ? null : freezeChild(absolute + name, path + name, name, options);
    if (child === GONE) {
      if (names.includes(name)) options.vanished(path + name);
      continue;
    }
    there.push(name);
    if (child !== null) children.set(name, child);
  }
  return { listing: { names: there.sort(comparePaths), undecodable }, children };
}

/** @returns null for what is to be looked at when its turn comes */
function freezeChild(absolute: string, path: string, name: string, options: FreezeOptions) {
  let stat: BigIntStats | undefined;
  try {
    stat = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Named when its turn comes.
    return null;
  }
  if (stat === undefined) return GONE;
  if (stat.isFile()) return freezeFile(absolute, path, Number(stat.size), options);
  if (!stat.isDirectory()) return null;
  let listing: DirectoryNames;
  try {
    listing = listDirectory(absolute);
  } catch {
    // Named when its turn comes.
    return null;
  }
  if (options.staysLive(path, name, listing)) return null;
  return { stat, ...freezeListed(listing, `${absolute}/`, `${path}/`, [], options) };
}

function freezeFile(absolute: string, path: string, size: number, options: FreezeOptions) {
  if (size > options.largest || size > options.left) return options.tooLarge(path, absolute);
  const read = readPublished(absolute);
  // What others keep in a repository: its turn comes with the files that are not git's.
  if (read === null || ('bytes' in read && isDatabaseContent(read.bytes))) return null;
  // An unreadable one is named when its turn comes.
  if (!('bytes' in read)) return read.verdict === 'vanished' ? GONE : null;
  options.left -= read.bytes.length;
  return read;
}
