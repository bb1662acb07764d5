import { type BigIntStats, lstatSync } from 'node:fs';
import type { LiveSource } from '../capture-item.ts';
import { type DirectoryNames, listDirectory } from '../directory-names.ts';
import type { FileKey } from '../exclusions.ts';
import { attributesOf, type FileAttributes, identityOf } from '../file-state.ts';
import { type FileRead, isRead, readLiveFile } from '../read-file.ts';

/** A directory as it was at one moment, with the content of its files. */
export interface FrozenDirectory {
  /** Null: to be listed when its turn comes. */
  listing: DirectoryNames | null;
  /** What was frozen of it. What is listed and not here is looked at when its turn comes. */
  children: Map<string, FrozenFile | FrozenBranch>;
}

export interface FrozenBranch extends FrozenDirectory {
  stat: BigIntStats;
}

export interface FrozenFile {
  key: FileKey;
  attributes: FileAttributes;
  bytes: Uint8Array;
  verdict: FileRead['verdict'];
}

export interface FreezeOptions {
  /** Bytes of one file that are held in memory at most; a larger one is read when its turn comes. */
  largest: number;
  /** Bytes that are left for all of them. */
  left: number;
  tooLarge: (path: string) => void;
  /** Called for what was listed and is gone: the directory is not of one moment. May throw to begin anew. */
  vanished: (path: string) => void;
  /** Whether something is looked at when its turn comes. Told the listing of a directory, null of a file. */
  staysLive: (path: string, name: string, listing: DirectoryNames | null) => boolean;
}

const NO_ROOM = Buffer.alloc(0);

export function isFrozenFile(node: FrozenFile | FrozenBranch): node is FrozenFile {
  return 'bytes' in node;
}

/**
 * Reads a directory with all that is below it.
 *
 * @param absolute path of the directory, ending with `/`
 * @param path of the directory in the snapshot, ending with `/`
 */
export function freezeDirectory(absolute: string, path: string, options: FreezeOptions): FrozenDirectory {
  return freezeListed(listDirectory(absolute), absolute, path, options);
}

function freezeListed(
  listing: DirectoryNames,
  absolute: string,
  path: string,
  options: FreezeOptions,
): FrozenDirectory {
  const children: FrozenDirectory['children'] = new Map();
  for (const name of listing.names) {
    if (options.staysLive(path + name, name, null)) continue;
    const child = freezeChild(absolute + name, path + name, name, options);
    if (child !== null) children.set(name, child);
  }
  return { listing, children };
}

/** @returns null for what is to be looked at when its turn comes */
function freezeChild(absolute: string, path: string, name: string, options: FreezeOptions) {
  const stat = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) {
    options.vanished(path);
    return null;
  }
  if (stat.isFile()) return freezeFile(absolute, path, stat, options);
  if (!stat.isDirectory()) return null;
  let listing: DirectoryNames;
  try {
    listing = listDirectory(absolute);
  } catch {
    // Named when its turn comes.
    return null;
  }
  if (options.staysLive(path, name, listing)) return null;
  return { stat, ...freezeListed(listing, `${absolute}/`, `${path}/`, options) };
}

function freezeFile(absolute: string, path: string, stat: BigIntStats, options: FreezeOptions): FrozenFile | null {
  const size = Number(stat.size);
  if (size > options.largest || size > options.left) {
    options.tooLarge(path);
    return null;
  }
  const appendOnly = path.includes('/logs/');
  const source: LiveSource = { kind: 'live', absolute, expect: identityOf(stat), appendOnly, quietDatabase: false };
  const read = readLiveFile(source, NO_ROOM, 0);
  if (!isRead(read)) {
    // An unreadable one is named when its turn comes.
    if (read.verdict === 'vanished') options.vanished(path);
    return null;
  }
  options.left -= read.size;
  const bytes = read.overflow ?? new Uint8Array(0);
  return { key: stat, attributes: read.attributes ?? attributesOf(stat), bytes, verdict: read.verdict };
}
