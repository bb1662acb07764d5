import type { Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { comparePaths, isBelow } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import { isExternal, SymlinkIndex } from './link-rules.ts';
import { formatPaths, type Problem } from './problem.ts';
import { ProblemList } from './problem-list.ts';
import { addUnusual, noUnusualNames } from './unusual-names.ts';
import type { BlockValidation, LinkEntry } from './validate-block.ts';

/** Joins the validations of a snapshot's blocks, taken in order, into one of the whole. */
export class SnapshotValidator {
  readonly found = new ProblemList();
  readonly symlinks = new Map<string, string>();
  readonly hardLinks: LinkEntry[] = [];
  readonly unusual = noUnusualNames();
  /** Bytes of content that are whole pieces of zeros. */
  holes = 0;
  readonly counts = { entries: 0, files: 0, directories: 0, symlinks: 0, hardLinks: 0, bytes: 0 };
  readonly #sections = new Map<string, number>();
  #open: string[] = [];
  #last: string | null = null;

  get problems(): readonly Problem[] {
    return this.found.problems;
  }

  /** Takes the validation of the next run of entries of a snapshot. */
  add(block: BlockValidation): void {
    if (this.#last !== null && comparePaths(this.#last, block.first) >= 0) {
      const code = this.#last === block.first ? 'ENTRY_DUPLICATE' : 'ENTRY_ORDER';
      this.found.add({
        code,
        message: `${formatPaths([block.first])} is in the wrong place of the snapshot`,
        paths: [block.first],
      });
    }
    for (const parent of block.needs) {
      if (this.#open.includes(parent)) continue;
      this.found.add({
        code: 'ENTRY_CONFLICT',
        message: `entries lie below ${formatPaths([parent])}, which is no directory of the snapshot`,
        paths: [parent],
      });
    }
    this.#last = block.last;
    this.#open = this.#open.filter((directory) => isBelow(block.last, directory)).concat(block.openDirectories);
    this.found.addAll(this.addUnordered(block));
  }

  /**
   * Takes the validation of entries whose order is free, and leaves their place to the caller.
   *
   * @returns what is wrong with them
   */
  addUnordered(block: BlockValidation): Problem[] {
    for (const key of Object.keys(this.counts) as (keyof typeof this.counts)[]) this.counts[key] += block.counts[key];
    for (const [name, count] of Object.entries(block.sections))
      this.#sections.set(name, (this.#sections.get(name) ?? 0) + count);
    for (const link of block.links) {
      if (link.type === 'symlink') this.symlinks.set(link.path, link.link);
      else this.hardLinks.push(link);
    }
    addUnusual(this.unusual, block.unusual);
    this.holes += block.holes;
    return block.problems;
  }

  /** Symbolic links that lead out of the state directory. */
  externalLinks(platform: NodeJS.Platform): string[] {
    const index = new SymlinkIndex(this.symlinks);
    return [...this.symlinks].flatMap(([path, target]) => (isExternal(path, target, index, platform) ? path : []));
  }

  /** What is wrong between the entries and the totals that the snapshot states of them. */
  validateTotals(totals: Omit<Totals, 'tarBytes'>): void {
    for (const key of Object.keys(this.counts) as (keyof typeof this.counts)[]) {
      if (this.counts[key] !== totals[key]) {
        this.found.add({
          code: 'INDEX_INVALID',
          message: `the index counts ${totals[key]} ${key === 'hardLinks' ? 'hard links' : key}, the snapshot holds ${this.counts[key]}`,
          paths: [],
        });
      }
    }
  }

  /** What is wrong between the entries and the manifest. */
  validateManifest(manifest: Manifest): void {
    const stated = new Map(manifest.sections.map((section) => [section.name, section.entry_count]));
    for (const name of new Set([...CATEGORIES, ...stated.keys()])) {
      const held = this.#sections.get(name) ?? 0;
      if ((stated.get(name) ?? 0) !== held) {
        this.found.add({
          code: 'MANIFEST_MISMATCH',
          message: `the manifest counts ${stated.get(name) ?? 0} entries in section ${printable(name)}, the snapshot holds ${held}`,
          paths: [],
        });
      }
    }
    for (const [key, held] of [
      ['files', this.counts.files],
      ['bytes', this.counts.bytes],
    ] as const) {
      const said = manifest[key];
      if (typeof said === 'number' && said !== held) {
        this.found.add({
          code: 'MANIFEST_MISMATCH',
          message: `the manifest counts ${said} ${key}, the snapshot holds ${held}`,
          paths: [],
        });
      }
    }
  }
}
