import { lstatSync } from 'node:fs';
import type { LiveSource } from '../capture-item.ts';
import type { CaptureReport } from '../capture-report.ts';
import type { DirectoryNames } from '../directory-names.ts';
import { GIT_TEMPORARY } from '../exclusions.ts';
import { pause } from '../file-state.ts';
import { type ReadResult, readLiveFile } from '../read-file.ts';
import {
  type FreezeOptions,
  type FrozenBranch,
  type FrozenDirectory,
  freezeDirectory,
  isFrozenFile,
} from './frozen-directory.ts';
import { PackIndex } from './pack-index.ts';
import { wantedObjects } from './wanted-objects.ts';

/** How long to wait before each further attempt. */
const PAUSES_MS = [5, 20, 50, 100];

/** A larger file is read when its turn comes: a list of a hundred thousand files (`index`) has 10 MiB. */
const LARGEST = 16 * 1024 * 1024;
const BUDGET = 32 * 1024 * 1024;

/** An object file or pack of up to this size is read as soon as it is listed, before a `git gc` can take it away. */
const LARGEST_OBJECT = 1024 * 1024;

/** Directories whose files are added and never changed, named by their content. */
const CONTENT_STORES = new Set(['objects', 'lfs', 'annex']);

const NO_ROOM = Buffer.alloc(0);

/** The repository changed while it was read. */
class Restless extends Error {}

interface Attempt {
  restless: () => void;
  vanished: (path: string) => void;
}

const restless = () => {
  throw new Restless();
};
const STRICT: Attempt = { restless, vanished: restless };

/** Whether a directory is the one in which git keeps a repository, going by what it holds. */
export function isGitDirectory({ names }: DirectoryNames): boolean {
  return names.includes('HEAD') && names.includes('objects') && names.includes('refs');
}

/**
 * Captures one git directory such that everything its refs name is there.
 *
 * Git writes objects before it names them in a ref, an index or a reflog, so these are read first, all at once, and the
 * objects behind them. A `git gc` moves objects from files of their own to a pack, and from packs to another; it writes
 * the new before it deletes the old, so the packs are looked at behind the object files, and once more when an object is
 * in neither.
 */
export class GitScan {
  readonly #path: string;
  readonly #absolute: string;
  readonly #report: CaptureReport;
  #wanted = new Map<string, string>();

  /**
   * @param path of the git directory in the snapshot, ending with `/`
   * @param absolute path of it, ending with `/`
   */
  constructor(path: string, absolute: string, report: CaptureReport) {
    this.#path = path;
    this.#absolute = absolute;
    this.#report = report;
  }

  /** Whether this directory is the one that holds the objects. */
  isObjects(path: string): boolean {
    return path === `${this.#path}objects/`;
  }

  /** Whether this directory is the one that holds the packs. */
  isPacks(path: string): boolean {
    return path === `${this.#path}objects/pack/`;
  }

  /** Whether this file is an object, or a pack. */
  isObject(path: string): boolean {
    return path.startsWith(`${this.#path}objects/`);
  }

  /** Reads everything but the objects. */
  freeze(): FrozenDirectory {
    const frozen = this.#attempt((attempt) => {
      const options: FreezeOptions = {
        largest: LARGEST,
        left: BUDGET,
        tooLarge: (path) => this.#report.notice(path, 'too large to be read ahead of the objects that it names'),
        vanished: attempt.vanished,
        staysLive: (path, name, listing) => this.#staysLive(path, name, listing),
      };
      const directory = freezeDirectory(this.#absolute, this.#path, options);
      if (!this.#isLastInPackedRefs(directory)) attempt.restless();
      const info = this.#frozenInfo(options);
      if (info !== null) directory.children.set('objects', info);
      return directory;
    });
    this.#wanted = wantedObjects(frozen);
    return frozen;
  }

  #staysLive(path: string, name: string, listing: DirectoryNames | null): boolean {
    if (listing !== null) return isGitDirectory(listing);
    const isAtTop = path.length === this.#path.length + name.length;
    return name.endsWith('.lock') || (isAtTop && CONTENT_STORES.has(name));
  }

  /**
   * Git moves refs from files of their own to `packed-refs`, so that has to be read behind them. It was not, by name;
   * but it was if it has not changed since.
   */
  #isLastInPackedRefs(directory: FrozenDirectory): boolean {
    const now = lstatSync(`${this.#absolute}packed-refs`, { bigint: true, throwIfNoEntry: false });
    const then = directory.children.get('packed-refs');
    if (then === undefined || !isFrozenFile(then)) return now === undefined || Number(now.size) > LARGEST;
    return now?.ino === then.key.ino && now.mtimeNs === then.attributes.mtimeNs;
  }

  /** What git notes about its objects (the commit graph) names objects, too. */
  #frozenInfo(options: FreezeOptions): FrozenBranch | null {
    const objects = `${this.#absolute}objects`;
    const stat = lstatSync(objects, { bigint: true, throwIfNoEntry: false });
    const info = lstatSync(`${objects}/info`, { bigint: true, throwIfNoEntry: false });
    if (!stat?.isDirectory() || !info?.isDirectory()) return null;
    const frozen = freezeDirectory(`${objects}/info/`, `${this.#path}objects/info/`, options);
    return { stat, listing: null, children: new Map([['info', { stat: info, ...frozen }]]) };
  }

  /** Reads the small packs, and finds out whether packs and object files hold all that is wanted. */
  freezePacks(): FrozenDirectory {
    const absolute = `${this.#absolute}objects/pack/`;
    return this.#attempt((attempt) => {
      const directory = freezeDirectory(absolute, `${this.#path}objects/pack/`, {
        largest: LARGEST_OBJECT,
        left: BUDGET,
        tooLarge: () => {},
        vanished: attempt.vanished,
        staysLive: (_, name) => GIT_TEMPORARY.test(name),
      });
      this.#removeFound(absolute, directory);
      if (this.#wanted.size > 0) attempt.restless();
      return directory;
    });
  }

  /** Crosses off what the packs hold. */
  #removeFound(absolute: string, { listing }: FrozenDirectory): void {
    const names = new Set(listing?.names);
    for (const name of names) {
      if (this.#wanted.size === 0) return;
      if (!name.endsWith('.idx') || !names.has(`${name.slice(0, -3)}pack`)) continue;
      try {
        const index = new PackIndex(absolute + name);
        for (const digits of this.#wanted.keys()) if (index.has(digits)) this.#wanted.delete(digits);
        index.close();
      } catch {
        // Gone or damaged: what it alone held stays wanted.
      }
    }
  }

  /** Repeats what found the repository in motion; the last attempt takes what it gets, and says what it does not. */
  #attempt(read: (attempt: Attempt) => FrozenDirectory): FrozenDirectory {
    for (const ms of PAUSES_MS) {
      try {
        return read(STRICT);
      } catch (error) {
        if (!(error instanceof Restless)) throw error;
        pause(ms);
      }
    }
    return read({
      restless: () => {},
      vanished: (path) => this.#report.loss(path, 'vanished', 'git was changing its files all the time'),
    });
  }

  /** Reads a small object file at once; null when it is large and to be read when its turn comes. */
  readObject(source: LiveSource): ReadResult | null {
    return source.expect.size > LARGEST_OBJECT ? null : readLiveFile(source, NO_ROOM, 0);
  }

  /** @param path of an object file that is in the snapshot */
  keep(path: string): void {
    this.#wanted.delete(path.slice(`${this.#path}objects/`.length).replace('/', ''));
  }

  /** An object file that is gone was packed, or nobody needed it; if somebody does, `finish` will name it. */
  lose(path: string): void {
    this.#report.notice(path, 'git packed or removed it meanwhile');
  }

  /** To be called behind the objects: names what is wanted and not there. */
  finish(): void {
    for (const [digits, ref] of this.#wanted) {
      const path = `${this.#path}objects/${digits.slice(0, 2)}/${digits.slice(2)}`;
      if (this.#borrows()) this.#report.notice(path, `${ref} names it; it lies in a repository elsewhere (alternates)`);
      else this.#report.loss(path, 'vanished', `${ref} names this object, and it is nowhere`);
    }
  }

  #borrows(): boolean {
    const alternates = `${this.#absolute}objects/info/alternates`;
    return lstatSync(alternates, { throwIfNoEntry: false }) !== undefined;
  }
}
