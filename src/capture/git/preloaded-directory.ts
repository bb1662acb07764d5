import { type BigIntStats, lstatSync } from 'node:fs';
import { comparePaths } from '../../format/path-order.ts';
import { type DirectoryNames, listDirectory } from '../directory-names.ts';
import type { PinnedFile } from '../pinned-file.ts';
import { ScannedDirectory } from '../scanned-directory.ts';
import { isDatabaseContent } from '../sqlite/side-files.ts';
import { type CommittedFile, readCommitted } from './read-committed.ts';

/** A directory as it was at one moment, with the content of its files. */
export interface PreloadedDirectory {
  /** Null: to be listed when its turn comes. */
  listing: DirectoryNames | null;
  /** What was preloaded of it. What is listed and not here is looked at when its turn comes. */
  children: Map<string, PreloadedFile | PreloadedBranch | PinnedFile>;
}

export interface PreloadedBranch extends PreloadedDirectory {
  stat: BigIntStats;
}

export type PreloadedFile = CommittedFile;

export interface PreloadOptions {
  /** Names that are read before the others, in this order, whether they are listed or not. */
  first: readonly string[];
  /** Bytes of one file that are held in memory at most; a larger one is read when its turn comes. */
  largest: number;
  /** Bytes that are left for all of them. */
  left: number;
  /** Called for each of those. May open it at once, so that it is there then. */
  tooLarge: (path: string, absolute: string) => PinnedFile | null;
  /** Called for what was listed and is gone. May throw, to start again. */
  deleted: (path: string) => void;
  /** Whether something is looked at when its turn comes. Gets the listing of a directory, null of a file. */
  staysLive: (path: string, name: string, listing: DirectoryNames | null) => boolean;
  /** Whether the user excluded something, which is then not looked at. */
  isExcluded: (directory: ScannedDirectory, name: string) => boolean;
}

const GONE = Symbol('gone');

export function isPreloadedFile(node: PreloadedFile | PreloadedBranch | PinnedFile): node is PreloadedFile {
  return 'bytes' in node;
}

export function isPreloadedBranch(node: PreloadedFile | PreloadedBranch | PinnedFile): node is PreloadedBranch {
  return 'children' in node;
}

/**
 * Reads a directory with all that is below it. What is gone before it is read is not in it.
 *
 * @param absolute path of the directory, ending with `/`
 * @param path of the directory in the snapshot, ending with `/`
 */
export function preloadDirectory(absolute: string, path: string, options: PreloadOptions): PreloadedDirectory {
  return preloadListed(listDirectory(absolute), absolute, path, options.first, options);
}

function preloadListed(
  { names, undecodable }: DirectoryNames,
  absolute: string,
  path: string,
  first: readonly string[],
  options: PreloadOptions,
): PreloadedDirectory {
  const children: PreloadedDirectory['children'] = new Map();
  const there: string[] = [];
  const directory = new ScannedDirectory(path, absolute, names, null);
  for (const name of new Set([...first, ...names])) {
    if (options.isExcluded(directory, name)) {
      if (names.includes(name)) there.push(name);
      continue;
    }
    const isLive = options.staysLive(path + name, name, null);
    const child = isLive ? null : preloadChild(absolute + name, path + name, name, options);
    if (child === GONE) {
      if (names.includes(name)) options.deleted(path + name);
      continue;
    }
    there.push(name);
    if (child !== null) children.set(name, child);
  }
  return { listing: { names: there.sort(comparePaths), undecodable }, children };
}

/** @returns null for what is to be looked at when its turn comes */
function preloadChild(absolute: string, path: string, name: string, options: PreloadOptions) {
  let stat: BigIntStats | undefined;
  try {
    stat = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Named when its turn comes.
    return null;
  }
  if (stat === undefined) return GONE;
  if (stat.isFile()) return preloadFile(absolute, path, Number(stat.size), options);
  if (!stat.isDirectory()) return null;
  let listing: DirectoryNames;
  try {
    listing = listDirectory(absolute);
  } catch {
    // Named when its turn comes.
    return null;
  }
  if (options.staysLive(path, name, listing)) return null;
  return { stat, ...preloadListed(listing, `${absolute}/`, `${path}/`, [], options) };
}

function preloadFile(absolute: string, path: string, size: number, options: PreloadOptions) {
  if (size > options.largest || size > options.left) return options.tooLarge(path, absolute);
  const read = readCommitted(absolute);
  // What others keep in a repository: its turn comes with the files that are not git's.
  if (read === null || ('bytes' in read && isDatabaseContent(read.bytes))) return null;
  // An unreadable one is named when its turn comes.
  if (!('bytes' in read)) return read.status === 'deleted' ? GONE : null;
  options.left -= read.bytes.length;
  return read;
}
