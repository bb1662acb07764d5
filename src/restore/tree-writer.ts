import fs from 'node:fs';
import path from 'node:path';
import { fromSystemError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { printable } from '../format/printable.ts';
import type { EntrySink } from '../read/block-walker.ts';
import { setEntryTime, type UnheldTimes } from './entry-time.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_WRONLY } = fs.constants;

/** Plain data, so that worker threads get it too. */
export interface TreeWriterOptions {
  /** An empty directory of our own; nobody else writes there. */
  root: string;
  /** The process's umask: what `open` takes away from a mode is given back. */
  umask: number;
  /** Give files the owner that the snapshot names. */
  sameOwner: boolean;
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
 * Writes proven entries into a tree. Directories stay open to us (0700) and links unmade until `completeTree`, so nothing is
 * ever written through a link. Synchronous, for it runs where the entries are proven, in a worker.
 *
 * Times have microseconds: that is what `utimes` of Node takes.
 */
export class TreeWriter implements EntrySink {
  readonly #options: TreeWriterOptions;
  readonly #tree = emptyTree();
  #fd = -1;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
  }

  whole(entry: Entry, content: Buffer): void {
    switch (entry.type) {
      case 'directory':
        this.#directory(entry);
        return;
      case 'file':
        this.begin(entry);
        this.part(entry, content);
        this.end(entry, true);
        return;
      default:
        this.#tree.links.push(entry);
    }
  }

  begin(entry: Entry): void {
    const absolute = this.#absolute(entry);
    const create = () => fs.openSync(absolute, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, entry.mode);
    this.#attempt(entry, () => {
      try {
        this.#fd = create();
      } catch (error) {
        // The block with its directory may be in another worker's hands still.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        fs.mkdirSync(path.dirname(absolute), { recursive: true, mode: 0o700 });
        this.#fd = create();
      }
    });
  }

  part(entry: Entry, content: Buffer): void {
    this.#attempt(entry, () => {
      for (let done = 0; done < content.length; ) done += fs.writeSync(this.#fd, content, done, content.length - done);
    });
  }

  end(entry: Entry, proven: boolean): void {
    const fd = this.#fd;
    this.#fd = -1;
    this.#attempt(entry, () => {
      try {
        if (proven) this.#attributes(fd, entry);
      } finally {
        fs.closeSync(fd);
      }
      if (!proven) fs.unlinkSync(this.#absolute(entry));
    });
    if (!proven) return;
    this.#tree.files++;
    this.#tree.bytes += entry.size;
  }

  /** What is left to do; the writer is of no use afterwards. */
  finish(): ExtractedTree {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
    return this.#tree;
  }

  #attributes(fd: number, entry: Entry): void {
    if (this.#options.sameOwner) fs.fchownSync(fd, entry.uid, entry.gid);
    // Changing the owner clears mode bits, so the mode comes behind it.
    if (this.#options.sameOwner || (entry.mode & this.#options.umask) !== 0) fs.fchmodSync(fd, entry.mode);
    setEntryTime(
      entry,
      this.#tree.unheldTimes,
      (time) => fs.futimesSync(fd, time, time),
      () => fs.fstatSync(fd).mtimeMs,
    );
  }

  #directory(entry: Entry): void {
    const absolute = this.#absolute(entry);
    this.#attempt(entry, () => fs.mkdirSync(absolute, { recursive: true, mode: 0o700 }));
    this.#tree.directories.push(entry);
  }

  #absolute(entry: Entry): string {
    return `${this.#options.root}/${entry.path}`;
  }

  #attempt(entry: Entry, act: () => void): void {
    try {
      act();
    } catch (error) {
      throw fromSystemError(error, `write "${printable(entry.path)}"`, entry.path);
    }
  }
}
