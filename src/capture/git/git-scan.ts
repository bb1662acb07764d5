import { lstatSync, readlinkSync } from 'node:fs';
import type { LiveSource } from '../capture-item.ts';
import type { CaptureReport } from '../capture-report.ts';
import type { DirectoryNames } from '../directory-names.ts';
import type { Exclusions } from '../exclusions.ts';
import { pause } from '../file-state.ts';
import { readFailure } from '../open-regular.ts';
import { PinnedFile } from '../pinned-file.ts';
import { ScannedDirectory } from '../scanned-directory.ts';
import { isSideFileName } from '../sqlite/side-files.ts';
import type { SystemReason } from '../system-reason.ts';
import { GitNames } from './git-names.ts';
import { isDamaged } from './is-damaged.ts';
import { objectsInPack } from './pack-index.ts';
import {
  type PreloadedBranch,
  type PreloadedDirectory,
  type PreloadOptions,
  preloadDirectory,
} from './preloaded-directory.ts';
import { type CommittedFile, readCommitted } from './read-committed.ts';
import { refTargets } from './ref-targets.ts';

/** How long to wait before each further attempt. */
const PAUSES_MS = [5, 20, 50, 100];

/** A larger file is read when its turn comes: a list of a hundred thousand files (`index`) has 10 MiB. */
const LARGEST = 16 * 1024 * 1024;
const BUDGET = 32 * 1024 * 1024;

/** An object file or pack of up to this size is read as soon as it is listed, before a `git gc` can take it away. */
const LARGEST_OBJECT = 1024 * 1024;

/** Larger ones are opened at once, for the same reason; git itself joins them when they are more than 50. */
const MOST_HELD = 64;

/** Directories whose files are added and never changed, named by their content. */
const CONTENT_STORES = new Set(['objects', 'lfs', 'annex']);

/** The repository changed while it was read. */
class RepositoryChanged extends Error {}

interface Attempt {
  changed: () => void;
  deleted: (path: string) => void;
}

const changed = () => {
  throw new RepositoryChanged();
};
const STRICT: Attempt = { changed, deleted: changed };

/** A ref or the name of an object, as in `HEAD`: what git itself recognizes its directories by. */
const HEAD = /^(?:ref:\s*refs\/|[0-9a-f]{40}(?:[0-9a-f]{24})?\s*$)/;

/**
 * Whether a directory is the one in which git keeps a repository, going by what it holds. One of which the user excluded
 * what makes it so is none.
 */
export function isGitDirectory(directory: ScannedDirectory, exclusions: Exclusions): boolean {
  const { names, absolute } = directory;
  if (!(names.includes('HEAD') && names.includes('objects') && names.includes('refs'))) return false;
  if (['HEAD', 'objects', 'refs'].some((name) => exclusions.patternFor(directory, name) !== null)) return false;
  const head = readCommitted(`${absolute}HEAD`);
  if (head !== null && 'bytes' in head) return HEAD.test(head.bytes.toString('latin1', 0, 256));
  try {
    // As git made it once.
    return readlinkSync(`${absolute}HEAD`).startsWith('refs/');
  } catch {
    return false;
  }
}

/**
 * Captures one git directory such that everything its refs name is there.
 *
 * Git writes objects before it names them in a ref, an index or a reflog, so these are read first, all at once, and the
 * objects after them. A `git gc` moves objects from files of their own to a pack, and from packs to another; it writes
 * the new before it deletes the old, so the packs are looked at after the object files, and once more when an object is
 * in neither.
 */
export class GitScan {
  readonly #path: string;
  readonly #absolute: string;
  readonly #report: CaptureReport;
  readonly #onPinned: (held: PinnedFile) => void;
  readonly #exclusions: Exclusions;
  /** The names that git gives in it. */
  readonly names: GitNames;
  #wanted = new Map<string, string>();
  #excludesObjects = false;
  #held: PinnedFile[] = [];

  /**
   * @param path of the git directory in the snapshot, ending with `/`
   * @param absolute path of it, ending with `/`
   */
  constructor(
    path: string,
    absolute: string,
    {
      report,
      onPinned,
      exclusions,
    }: { report: CaptureReport; onPinned: (held: PinnedFile) => void; exclusions: Exclusions },
  ) {
    this.#path = path;
    this.#absolute = absolute;
    this.#report = report;
    this.#onPinned = onPinned;
    this.#exclusions = exclusions;
    this.names = new GitNames(path);
  }

  /** Whether this directory is the one that holds the objects. */
  isObjects(path: string): boolean {
    return path === `${this.#path}objects/`;
  }

  /** Whether this directory is the one that holds the packs. */
  isPacks(path: string): boolean {
    return path === `${this.#path}objects/pack/`;
  }

  /** Notes that the user excluded something: what is wanted may be in it. */
  exclude(path: string): void {
    if (this.names.isInObjects(path)) this.#excludesObjects = true;
  }

  /** Reads everything but the objects. */
  preload(): PreloadedDirectory {
    const options: PreloadOptions = {
      // In this order: HEAD names a ref that the others then hold, and refs move from single files to `packed-refs`, never back.
      first: ['HEAD', 'refs', 'packed-refs'],
      largest: LARGEST,
      left: BUDGET,
      tooLarge: (path) => {
        this.#report.notice(path, 'too large to be read ahead of the objects that it names');
        return null;
      },
      // Git deleted it, or packed it.
      deleted: () => {},
      staysLive: (path, name, listing) => this.#staysLive(path, name, listing),
      isExcluded: (directory, name) => this.#exclusions.patternFor(directory, name) !== null,
    };
    const preloaded = preloadDirectory(this.#absolute, this.#path, options);
    const info = this.#preloadedInfo(options);
    if (info !== null) preloaded.children.set('objects', info);
    this.#wanted = refTargets(preloaded);
    return preloaded;
  }

  /** @param inside the git directory, ending with `/` */
  #isExcluded(inside: string, name: string): boolean {
    const directory = new ScannedDirectory(this.#path + inside, this.#absolute + inside, [], null);
    return this.#exclusions.patternFor(directory, name) !== null;
  }

  #staysLive(path: string, name: string, listing: DirectoryNames | null): boolean {
    if (listing !== null) {
      const absolute = `${this.#absolute}${path.slice(this.#path.length)}/`;
      return isGitDirectory(new ScannedDirectory(`${path}/`, absolute, listing.names, null), this.#exclusions);
    }
    const isAtTop = path.length === this.#path.length + name.length;
    return name.endsWith('.lock') || isSideFileName(name) || (isAtTop && CONTENT_STORES.has(name));
  }

  /** What git notes about its objects (the commit graph) names objects, too. */
  #preloadedInfo(options: PreloadOptions): PreloadedBranch | null {
    const objects = `${this.#absolute}objects`;
    if (this.#isExcluded('objects/', 'info')) return null;
    try {
      const stat = lstatSync(objects, { bigint: true, throwIfNoEntry: false });
      const info = lstatSync(`${objects}/info`, { bigint: true, throwIfNoEntry: false });
      if (!stat?.isDirectory() || !info?.isDirectory()) return null;
      const preloaded = preloadDirectory(`${objects}/info/`, `${this.#path}objects/info/`, { ...options, first: [] });
      return { stat, listing: null, children: new Map([['info', { stat: info, ...preloaded }]]) };
    } catch {
      // Named when its turn comes.
      return null;
    }
  }

  /** Reads the small packs, and finds out whether packs and object files hold all that is wanted. */
  preloadPacks(): PreloadedDirectory {
    const absolute = `${this.#absolute}objects/pack/`;
    let opened: PinnedFile[] = [];
    return this.#attempt((attempt) => {
      for (const held of opened) held.close();
      opened = [];
      const directory = preloadDirectory(absolute, `${this.#path}objects/pack/`, {
        first: [],
        largest: LARGEST_OBJECT,
        left: BUDGET,
        tooLarge: (path, at) => {
          const held = this.#hold(at);
          if (held === null) return null;
          if (held instanceof PinnedFile) {
            opened.push(held);
            return held;
          }
          attempt.deleted(path);
          return null;
        },
        deleted: attempt.deleted,
        staysLive: (path) => this.names.reasonFor(path, false) !== null,
        isExcluded: (directory, name) => this.#exclusions.patternFor(directory, name) !== null,
      });
      this.#removeFound(absolute, directory);
      if (this.#wanted.size > 0) attempt.changed();
      return directory;
    });
  }

  /** @returns null when enough are open already: it is then opened when its turn comes */
  #hold(absolute: string): PinnedFile | SystemReason | null {
    if (this.#held.length >= MOST_HELD) this.#held = this.#held.filter((held) => held.isOpen);
    if (this.#held.length >= MOST_HELD) return null;
    try {
      const held = new PinnedFile(absolute);
      this.#held.push(held);
      this.#onPinned(held);
      return held;
    } catch (error) {
      return readFailure(error);
    }
  }

  /** Crosses off what the packs hold. */
  #removeFound(absolute: string, { listing }: PreloadedDirectory): void {
    const names = new Set(listing?.names);
    for (const name of names) {
      if (this.#wanted.size === 0) return;
      if (this.#isExcluded('objects/pack/', name)) continue;
      if (!name.endsWith('.idx') || !names.has(`${name.slice(0, -3)}pack`)) continue;
      try {
        for (const digits of objectsInPack(absolute + name, this.#wanted.keys())) this.#wanted.delete(digits);
      } catch {
        // Gone or damaged: what it alone held stays wanted.
      }
    }
  }

  /** Repeats a reading during which the repository changed; the last attempt takes what it gets, and reports what is missing. */
  #attempt(read: (attempt: Attempt) => PreloadedDirectory): PreloadedDirectory {
    for (const ms of PAUSES_MS) {
      try {
        return read(STRICT);
      } catch (error) {
        if (!(error instanceof RepositoryChanged)) throw error;
        pause(ms);
      }
    }
    return read({
      changed: () => {},
      deleted: (path) => this.#report.incomplete(path, 'unreadable', 'git was changing its files all the time'),
    });
  }

  /** Reads a small object file at once, and opens a large one; null: to be read when its turn comes. */
  readObject({ absolute, expect }: LiveSource): CommittedFile | PinnedFile | SystemReason | null {
    return expect.size > LARGEST_OBJECT ? this.#hold(absolute) : readCommitted(absolute);
  }

  /** @param path of an object file that is in the snapshot */
  keep(path: string): void {
    this.#wanted.delete(path.slice(`${this.#path}objects/`.length).replace('/', ''));
  }

  /** An object file that is gone was packed, or nobody needed it; if somebody does, `finish` will name it. */
  lose(path: string): void {
    this.#report.notice(path, 'git packed or removed it meanwhile');
  }

  /** To be called after the objects: names what is wanted and not there. */
  finish(): void {
    for (const [digits, ref] of this.#wanted) {
      const path = `${this.#path}objects/${digits.slice(0, 2)}/${digits.slice(2)}`;
      if (this.#excludesObjects) this.#report.notice(path, `${ref} names it; a pattern excludes some of the objects`);
      else if (this.#borrows())
        this.#report.notice(path, `${ref} names it; it lies in a repository elsewhere (alternates)`);
      else if (isDamaged(this.#absolute, digits))
        this.#report.notice(path, `${ref} names it, and the repository is damaged: it is nowhere (see git fsck)`);
      else
        this.#report.incomplete(path, 'unreadable', `${ref} names this object, and git moved or removed it meanwhile`);
    }
  }

  #borrows(): boolean {
    if (this.#isExcluded('objects/info/', 'alternates')) return true;
    const alternates = `${this.#absolute}objects/info/alternates`;
    try {
      return lstatSync(alternates, { throwIfNoEntry: false }) !== undefined;
    } catch {
      // Then what is wanted is reported as missing.
      return false;
    }
  }
}
