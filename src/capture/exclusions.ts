import type { BigIntStats } from 'node:fs';
import { compileUserExcludes, type UserExcludes } from '../patterns/excludes.ts';
import type { FileKey } from '../system/file-key.ts';
import type { ExcludedPath } from './capture-report.ts';
import { type IsExcluded, isPassingName, type OwnPlaces, ownPlaces, ownReason } from './own-rules.ts';
import type { ScannedDirectory } from './scanned-directory.ts';

/** What of a run decides what is excluded. */
export interface ExclusionOptions {
  /** Patterns in gitignore's language. */
  excludes: readonly string[];
  /**
   * The output: the open temporary file, and the file that it will replace.
   *
   * @default []
   */
  output?: readonly FileKey[];
  /**
   * Directories where the run puts its output and its copies.
   *
   * @default []
   */
  folders?: readonly string[];
  /**
   * What the run calls this machine.
   *
   * @default the host name
   */
  host?: string | undefined;
}

/**
 * What is excluded from a snapshot of a state directory.
 *
 * @param root absolute path of the state directory
 */
export function exclusionsOf(
  root: string,
  { excludes, output = [], folders = [], host }: ExclusionOptions,
): Exclusions {
  return new Exclusions(compileUserExcludes(excludes), output, ownPlaces(root, folders, host ?? null));
}

/** Everything that decides what is excluded. */
export class Exclusions {
  readonly #user: UserExcludes;
  readonly #own: readonly FileKey[];
  readonly #places: OwnPlaces;
  readonly #isExcluded: IsExcluded = (directory, name) => this.patternFor(directory, name) !== null;

  /**
   * @param user the user's patterns
   * @param own the output: the open temporary file, and the file that it will replace
   */
  constructor(user: UserExcludes, own: readonly FileKey[], places: OwnPlaces) {
    this.#user = user;
    this.#own = own;
    this.#places = places;
  }

  /**
   * The pattern of the user that excludes a thing; null when none does. The thing itself is not looked at.
   *
   * @param name as it is decoded: of one that is not UTF-8, U+FFFD replaces each byte that is not
   */
  patternFor(directory: ScannedDirectory, name: string): string | null {
    const path = directory.path + name;
    const pattern = this.#user(path, false);
    if (!this.#user.dependsOnType) return pattern;
    const asDirectory = this.#user(path, true);
    if ((pattern === null) === (asDirectory === null)) return pattern;
    return directory.isDirectory(name) ? asDirectory : pattern;
  }

  /** Why a thing is excluded that the user did not exclude, now that the system has shown what it is; null when it does not. */
  reasonFor(directory: ScannedDirectory, name: string, type: ExcludedPath['type'], stat: BigIntStats): string | null {
    if (type === 'socket') return 'a socket';
    if (type === 'fifo') return 'a FIFO';
    if (type === 'device') return 'a device';
    if (type === 'file') {
      for (const own of this.#own) if (stat.ino === own.ino && stat.dev === own.dev) return 'the snapshot itself';
    }
    const reason = directory.git?.reasonFor(directory.path + name, type === 'directory') ?? null;
    return reason ?? ownReason(directory, name, type, stat, this.#places, this.#isExcluded);
  }

  /** Whether a thing that is gone was a temporary one, and so is not missing. */
  isPassing(directory: ScannedDirectory, name: string): boolean {
    return isPassingName(name) || directory.git?.reasonFor(directory.path + name, false) != null;
  }
}
