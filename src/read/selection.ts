import { compileUserExcludes } from '../capture/user-excludes.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { parentOf } from '../format/path-order.ts';

/** Which entries are wanted. Without either, all. */
export interface SelectionOptions {
  /** Paths and patterns in gitignore's language; a directory stands for all that it holds. */
  paths?: readonly string[];
  /** Folders: names of sections (`memory/facts`), or any other directory. */
  sections?: readonly string[];
}

/** Tells whether an entry is wanted. */
export type Selection = (path: string, isDirectory: boolean) => boolean;

/** @returns null when everything is wanted */
export function compileSelection({ paths = [], sections = [] }: SelectionOptions): Selection | null {
  if (paths.length === 0 && sections.length === 0) return null;
  const patterns = [...paths, ...sections.map((section) => `/${section.replace(/[\\*?[\]!# ]/g, '\\$&')}`)];
  const matches = compileUserExcludes(patterns);
  return (path, isDirectory) => matches(path, isDirectory) !== null;
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

/** Picks the wanted entries of a block. */
export function selectEntries(entries: readonly BlockEntry[], selection: Selection): SelectedEntries {
  const numbers: number[] = [];
  const parents = new Set<string>();
  const targets = new Set<string>();
  for (const [number, entry] of entries.entries()) {
    if (!selection(entry.path, entry.type === 'directory')) continue;
    numbers.push(number);
    if (entry.type === 'hardlink') targets.add(entry.link as string);
    for (let parent = parentOf(entry.path); parent !== '' && !parents.has(parent); parent = parentOf(parent))
      parents.add(parent);
  }
  return { numbers, parents, targets };
}
