import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import type { ExcludedPath } from './capture-report.ts';
import type { GitNames } from './git/git-names.ts';

/** A directory that was listed, as what decides about its things needs it. */
export class ScannedDirectory {
  /** Relative to the state directory. Ends with `/`, or is empty for the state directory itself. */
  readonly path: string;
  /** Ends with `/`. */
  readonly absolute: string;
  readonly names: readonly string[];
  /** The git repository whose own directory this is in. */
  readonly git: GitNames | null;
  #types: Map<string, ExcludedPath['type']> | null = null;

  constructor(path: string, absolute: string, names: readonly string[], git: GitNames | null) {
    this.path = path;
    this.absolute = absolute;
    this.names = names;
    this.git = git;
  }

  /**
   * What a thing is, as its directory says: nothing is asked of the thing itself, which may be a mount that does not
   * answer.
   *
   * @param name as it is decoded, also where it is not UTF-8
   */
  typeOf(name: string): ExcludedPath['type'] {
    this.#types ??= typesIn(this.absolute);
    return this.#types.get(name) ?? 'unknown';
  }

  /** Whether a thing is a directory. Looks at the thing where the directory does not say. */
  isDirectory(name: string): boolean {
    const type = this.typeOf(name);
    if (type !== 'unknown') return type === 'directory';
    try {
      return lstatSync(this.absolute + name, { throwIfNoEntry: false })?.isDirectory() ?? false;
    } catch {
      // What does not answer is a mount, as good as always.
      return true;
    }
  }
}

function typesIn(absolute: string): Map<string, ExcludedPath['type']> {
  try {
    return new Map(readdirSync(absolute, { withFileTypes: true }).map((entry) => [entry.name, typeOf(entry)]));
  } catch {
    // Not of the directory, which was listed: the file system does not say what things are, and one of them was asked.
    return new Map();
  }
}

/** What a thing is, for the rules. */
export function typeOf(
  thing: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isSocket' | 'isFIFO'>,
): Exclude<ExcludedPath['type'], 'unknown'> {
  if (thing.isFile()) return 'file';
  if (thing.isDirectory()) return 'directory';
  if (thing.isSymbolicLink()) return 'symlink';
  if (thing.isSocket()) return 'socket';
  return thing.isFIFO() ? 'fifo' : 'device';
}
