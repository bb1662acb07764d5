import fs from 'node:fs';
import path from 'node:path';
import type { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { printable } from '../format/printable.ts';
import type { EntrySink } from '../read/block-walker.ts';
import { setFileTime, type UnheldTimes } from '../system/entry-time.ts';
import { within } from '../system/near-path.ts';
import { HERE } from '../system/platform.ts';
import { writeFilled, writeSparse } from '../system/write-sparse.ts';
import { fromSystemError } from '../system-errors.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = fs.constants;

/** Plain data, so that worker threads get it too. */
export interface TreeWriterOptions {
  /** An empty directory of our own; nobody else writes there. */
  root: string;
  /** The process's umask: bits that it clears from a mode are set again. */
  umask: number;
  /** Give files the owner that the snapshot names. */
  sameOwner: boolean;
  /** Whether the file system holds permissions; where it does not, none are set. */
  modes: boolean;
  /** Whether the file system has holes; where it has none, zeros are written. */
  holes: boolean;
}

/** What is left to do when all files are written: links, and what writing into directories would undo. */
export interface ExtractedTree {
  directories: Entry[];
  links: Entry[];
  files: number;
  bytes: number;
  unheldTimes: UnheldTimes;
}

/** A tree of which nothing is written yet. */
export function emptyTree(): ExtractedTree {
  return { directories: [], links: [], files: 0, bytes: 0, unheldTimes: { count: 0, first: null } };
}

/**
 * Writes verified entries into a tree. Directories stay open to us (0700) and links unmade until `makeLinks`, so nothing is
 * ever written through a link. Synchronous, for it runs where the entries are verified, in a worker.
 *
 * Long runs of zeros become holes, whatever they were where the file was captured, if the file system has them: they take no room, and read the same.
 * Times have microseconds: that is what `utimes` of Node takes.
 */
export class TreeWriter implements EntrySink {
  readonly #options: TreeWriterOptions;
  readonly #write: typeof writeSparse;
  readonly #tree = emptyTree();
  /** A path of fewer characters fits in any case: each takes three bytes at most. */
  readonly #short: number;
  #fd = -1;
  /** Where in the open file the next part goes. */
  #position = 0;
  /** Where in the open file the last byte that was written ends. */
  #written = 0;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    this.#write = options.holes ? writeSparse : writeFilled;
    this.#short = (HERE.maxPathBytes - Buffer.byteLength(options.root)) / 3;
  }

  whole(entry: Entry, content: Buffer): void {
    switch (entry.type) {
      case 'directory':
        this.#directory(entry);
        return;
      case 'file':
        this.#file(entry, content);
        return;
      default:
        this.#tree.links.push(entry);
    }
  }

  /** Most of what is written: in one go, with nothing made for it but the file. */
  #file(entry: Entry, content: Buffer): void {
    try {
      const fd = this.#create(entry);
      try {
        const written = content.length === 0 ? 0 : this.#write(fd, content, 0);
        this.#complete(fd, entry, written);
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw said(error, entry);
    }
    this.#count(entry);
  }

  begin(entry: Entry): void {
    this.#position = 0;
    this.#written = 0;
    try {
      this.#fd = this.#create(entry);
    } catch (error) {
      throw said(error, entry);
    }
  }

  part(entry: Entry, content: Buffer): void {
    if (content.length === 0) return;
    try {
      this.#written = this.#write(this.#fd, content, this.#position);
    } catch (error) {
      throw said(error, entry);
    }
    this.#position += content.length;
  }

  end(entry: Entry, verified: boolean): void {
    const fd = this.#fd;
    this.#fd = -1;
    try {
      try {
        if (verified) this.#complete(fd, entry, this.#written);
      } finally {
        fs.closeSync(fd);
      }
      if (!verified) this.#at(entry, fs.unlinkSync);
    } catch (error) {
      throw said(error, entry);
    }
    if (verified) this.#count(entry);
  }

  #count({ size }: Entry): void {
    this.#tree.files++;
    this.#tree.bytes += size;
  }

  /** What is left to do; the writer must not be used afterwards. */
  finish(): ExtractedTree {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
    return this.#tree;
  }

  /** Gives an open file its length and its attributes. @param written where the last byte that was written ends */
  #complete(fd: number, entry: Entry, written: number): void {
    // It ends in a hole.
    if (written < entry.size) fs.ftruncateSync(fd, entry.size);
    const { sameOwner, modes, umask } = this.#options;
    if (sameOwner) fs.fchownSync(fd, entry.uid, entry.gid);
    // Changing the owner clears mode bits, so the mode is set after it.
    if (modes && (sameOwner || (entry.mode & umask) !== 0)) fs.fchmodSync(fd, entry.mode);
    setFileTime(fd, entry, this.#tree.unheldTimes);
  }

  #create(entry: Entry): number {
    const { path: relative, mode } = entry;
    if (relative.length < this.#short) return createFile(`${this.#options.root}/${relative}`, mode);
    return this.#createFar(entry);
  }

  #createFar(entry: Entry): number {
    return this.#at(entry, (absolute) => createFile(absolute, entry.mode));
  }

  #directory(entry: Entry): void {
    try {
      this.#at(entry, makeDirectory);
    } catch (error) {
      throw said(error, entry);
    }
    this.#tree.directories.push(entry);
  }

  /** Calls `act` with the path of an entry in the tree. */
  #at<T>({ path: relative }: Entry, act: (absolute: string) => T): T {
    // Most paths need no counting.
    return relative.length < this.#short
      ? act(`${this.#options.root}/${relative}`)
      : within(this.#options.root, relative, act, { makeParents: true });
  }
}

function said(error: unknown, entry: Entry): BackupError {
  return fromSystemError(error, `write "${printable(entry.path)}"`, entry.path);
}

function createFile(absolute: string, mode: number): number {
  const flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW;
  try {
    return fs.openSync(absolute, flags, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Another worker may still be writing the block with its directory.
  makeDirectory(path.dirname(absolute));
  return fs.openSync(absolute, flags, mode);
}

function makeDirectory(absolute: string): void {
  fs.mkdirSync(absolute, { recursive: true, mode: 0o700 });
}
