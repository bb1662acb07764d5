import { lstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { lstatIfAny } from '../../system/stat-if-any.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import type { FileIdentity } from '../capture-item.ts';
import { type DirectoryNames, listDirectory } from '../directory-names.ts';
import type { Exclusions } from '../exclusions.ts';
import { ScannedDirectory, typeOf } from '../scanned-directory.ts';
import { isKeptOpen } from './file-locks.ts';
import { hasHotJournal } from './idle-database.ts';
import { holdsCommits } from './replay-wal.ts';
import { DatabasesOfDirectory } from './side-files.ts';

/** Entries between two looks at the event loop. */
const ENTRIES_PER_TURN = 512;

/** Beside two names of one database lies what counts: SQLite would take the one or the other. */
export class AmbiguousNames extends Error {}

/** The name of a database of several names under which it is to be captured. */
export interface ChosenName {
  /** Absolute path of the name. */
  absolute: string;
  /**
   * Names that were not found, and beside which what counts may lie: outside the state directory, excluded, or where nothing can be listed.
   * None when it was found beside this name.
   */
  hidden: number;
}

/**
 * The names of databases that are hard links. SQLite keeps the side files of a database beside the name that it was opened
 * by, so that what is committed may be beside any of them, in another directory, too. The tree is walked once to find
 * them, with the first such database.
 */
export class LinkedDatabases {
  readonly #root: string;
  readonly #exclusions: Exclusions;
  readonly #signal: AbortSignal | undefined;
  #names: Promise<Map<string, string[]>> | undefined;

  /** @param root absolute path of the state directory */
  constructor(root: string, exclusions: Exclusions, signal: AbortSignal | undefined) {
    this.#root = root.endsWith('/') ? root : `${root}/`;
    this.#exclusions = exclusions;
    this.#signal = signal;
  }

  /**
   * Finds the one name whose side files belong to the database.
   *
   * @param met absolute path of the name that was met first
   * @param links how many names it has
   * @throws what the system says; AmbiguousNames when two names have side files that count
   */
  async choose(met: string, identity: FileIdentity, links: number): Promise<ChosenName> {
    this.#names ??= this.#find();
    const names = (await this.#names).get(keyOf(identity)) ?? [met];
    const inUse: string[] = [];
    for (const name of names) if (await this.#hasContent(name)) inUse.push(name);
    if (inUse.length > 1) {
      const [first, second] = inUse.map((name) => this.#relative(name)).sort();
      throw new AmbiguousNames(
        `it is a hard link, and side files of SQLite beside two of its names, ${first} and ${second}, exclude each other`,
      );
    }
    const [found] = inUse;
    if (found !== undefined) return { absolute: found, hidden: 0 };
    return { absolute: met, hidden: Math.max(0, links - names.length) };
  }

  /** Whether side files that count lie beside a name: what a killed process left, or what a running one has open. */
  async #hasContent(name: string): Promise<boolean> {
    if (hasHotJournal(name) || isKeptOpen(`${name}-shm`)) return true;
    const wal = lstatIfAny(`${name}-wal`);
    return wal?.isFile() === true && wal.size > 0n && (await holdsCommits(`${name}-wal`, this.#signal));
  }

  #relative(absolute: string): string {
    return absolute.slice(this.#root.length);
  }

  /** All names of files that may be databases and have more than one. */
  async #find(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    const folders = [this.#root];
    let entries = 0;
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      const listing = listIfPossible(folder);
      const databases = new DatabasesOfDirectory(listing);
      const directory = new ScannedDirectory(this.#relative(folder), folder, listing, null);
      for (const name of listing) {
        if (++entries % ENTRIES_PER_TURN === 0) {
          await setImmediate();
          throwIfAborted(this.#signal);
        }
        const absolute = folder + name;
        const stat = this.#look(directory, name);
        if (stat?.isDirectory()) folders.push(`${absolute}/`);
        if (!stat?.isFile() || stat.nlink < 2n || !databases.mayBeDatabase(name, Number(stat.size))) continue;
        const names = found.get(keyOf(stat));
        if (names === undefined) found.set(keyOf(stat), [absolute]);
        else names.push(absolute);
      }
    }
    return found;
  }

  /** What is excluded is not looked at, as in the scan. */
  #look(directory: ScannedDirectory, name: string) {
    try {
      if (this.#exclusions.patternFor(directory, name) !== null) return undefined;
      const stat = lstatSync(directory.absolute + name, { bigint: true, throwIfNoEntry: false });
      return stat === undefined || this.#exclusions.reasonFor(directory, name, typeOf(stat), stat) !== null
        ? undefined
        : stat;
    } catch {
      // Named by the scan.
      return undefined;
    }
  }
}

function keyOf({ dev, ino }: Pick<FileIdentity, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`;
}

function listIfPossible(folder: string): DirectoryNames['names'] {
  try {
    return listDirectory(folder).names;
  } catch {
    // Named by the scan.
    return [];
  }
}
