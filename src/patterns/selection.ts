import { BackupError } from '../errors.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { comparePaths, parentOf } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import { textsSchema } from '../options.ts';
import { compileUserExcludes, type UserExcludes } from './excludes.ts';

/** Which entries are selected: those of `paths`, and those of `sections`. Without both, all entries. */
export interface SelectionOptions {
  /**
   * Paths of entries, as `listEntries` has them (`memory.db`, `sessions`), and patterns in the language of `.gitignore` (`sessions/2f*.json`;
   * `*.md` at any depth). A directory selects all that it holds. A pattern that begins with `!` excludes what it matches.
   *
   * @default `[]`
   */
  paths?: readonly string[];
  /**
   * Names of sections (`memory/facts`), or of any other directories.
   *
   * @default `[]`
   */
  sections?: readonly string[];
}

/** Schemas of these options. */
export const SELECTION_SHAPE = { paths: textsSchema, sections: textsSchema };

/** A run of paths in the order of a snapshot: from `from` on, those that begin with `prefix`. */
interface PathRange {
  from: string;
  prefix: string;
}

const GLOB = /[*?[\\]/;

function isPattern(path: string): boolean {
  return GLOB.test(path) || path.startsWith('!');
}

/** What decides which entries are wanted. */
export type EntryFilter = Pick<Selection, 'wants' | 'mayHold'>;

/** Which entries are wanted. */
export class Selection {
  readonly #literals: ReadonlySet<string>;
  /** Those of them that no entry has matched so far. Patterns may match nothing. */
  readonly #missing: Set<string>;
  readonly #matches: UserExcludes;
  readonly #excluded: UserExcludes;
  /** Where wanted entries can be; null when that is anywhere. */
  readonly #ranges: readonly PathRange[] | null;

  constructor(literals: readonly string[], patterns: readonly string[]) {
    this.#literals = new Set(literals);
    this.#missing = new Set(literals.filter((literal) => !isPattern(literal)));
    const adding = patterns.filter((pattern) => !pattern.startsWith('!'));
    this.#matches = compileUserExcludes(adding);
    this.#excluded = compileUserExcludes(patterns.filter((each) => each.startsWith('!')).map((each) => each.slice(1)));
    const ranges = adding.map(rangeOf);
    const bounded = ranges.filter((range) => range !== null);
    this.#ranges =
      bounded.length < ranges.length
        ? null
        : [...bounded, ...literals.map((literal) => ({ from: literal, prefix: `${literal}/` }))];
  }

  /** Whether an entry is wanted. */
  wants(path: string, isDirectory: boolean): boolean {
    if (this.#excluded(path, isDirectory) !== null) return false;
    let isNamed = false;
    for (let part = path; part !== ''; part = parentOf(part)) {
      if (!this.#literals.has(part)) continue;
      isNamed = true;
      if (this.#missing.size === 0) break;
      this.#missing.delete(part);
    }
    return isNamed || this.#matches(path, isDirectory) !== null;
  }

  /**
   * Called when `wants` was asked about all entries: fails if some that were named are missing, for less than what was asked for
   * is no success.
   *
   * @param found how many entries are wanted
   * @param where what was looked through
   * @throws BackupError `ENTRY_NOT_FOUND`
   */
  assertFound(found: number, where: string): void {
    if (found > 0 && this.#missing.size === 0) return;
    const names = [...this.#missing].map((name) => `"${printable(name)}"`).join(', ');
    throw new BackupError(
      'ENTRY_NOT_FOUND',
      `${names || 'nothing of what was asked for'} is ${names && 'not '}in ${where}`,
      {
        hint: 'Look at what is there with `listEntries()`.',
      },
    );
  }

  /**
   * Whether a run of entries can hold a wanted one.
   *
   * @param first path of its first entry
   * @param next path of the first entry after it; null when it is the last run
   */
  mayHold(first: string, next: string | null): boolean {
    return (
      this.#ranges?.some(({ from, prefix }) => {
        if (next !== null && comparePaths(from, next) >= 0) return false;
        return comparePaths(first, from) <= 0 || first.startsWith(prefix);
      }) ?? true
    );
  }
}

/** @returns null when everything is wanted */
export function compileSelection({ paths = [], sections = [] }: SelectionOptions): Selection | null {
  if (paths.length === 0 && sections.length === 0) return null;
  // A name may contain characters of patterns: every listed path can be given as it is.
  const literals = [...paths, ...sections].map((path) => path.replace(/^(?:\.?\/)+|\/+$/g, ''));
  return new Selection(literals, paths.filter(isPattern));
}

/** The paths that a pattern can match, going by what comes before its first wildcard or character with several Unicode forms; null for any. */
function rangeOf(glob: string): PathRange | null {
  const pattern = glob.normalize();
  const wildcard = pattern.search(/[*?[\\\u0080-\uffff]/);
  const slash = pattern.indexOf('/');
  // Without a slash before its end it matches at any depth.
  if (slash < 0 || slash === pattern.length - 1) return null;
  const prefix = pattern.slice(0, wildcard).replace(/^\//, '');
  return { from: prefix, prefix };
}

/** A part of a block that is wanted. */
export interface SelectedEntries {
  /** Numbers of the wanted entries in the block, in order. */
  numbers: number[];
  /** Paths of directories that hold wanted entries without being wanted themselves. */
  parents: Set<string>;
  /** Files that wanted hard links need. */
  targets: Set<string>;
}

/** Finds the wanted entries of a block, and what they need. */
export function selectEntries(entries: readonly BlockEntry[], selection: Selection): SelectedEntries {
  const numbers: number[] = [];
  const parents = new Set<string>();
  const targets = new Set<string>();
  for (const [number, entry] of entries.entries()) {
    if (!selection.wants(entry.path, entry.type === 'directory')) continue;
    numbers.push(number);
    if (entry.type === 'hardlink') targets.add(entry.link as string);
    for (let parent = parentOf(entry.path); parent !== '' && !parents.has(parent); parent = parentOf(parent))
      parents.add(parent);
  }
  return { numbers, parents, targets };
}
