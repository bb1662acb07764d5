import { partitionPoint } from '../format/partition-point.ts';
import { comparePaths } from '../format/path-order.ts';
import type { Problem } from '../validate/problem.ts';
import { hardLinkProblem, type LinkEntry, type ReferredEntry } from '../validate/validate-block.ts';
import { OrderedWindow } from '../workers/window.ts';

/** Links that are held before their files are looked up, or so many characters of them. */
const MOST_LINKS = 4096;
const MOST_CHARACTERS = 4 * 1024 * 1024;
/** Blocks that are looked into at a time. */
const LOOKUPS = 4;

/** A block of the index that was set aside. */
export interface SpooledBlock {
  /** Path of its first entry. */
  first: string;
  /** Where it lies in the spool. */
  at: number;
  length: number;
}

/** Gives those of `paths` that are entries of a block. */
export type FindInBlock = (block: SpooledBlock, paths: string[]) => Promise<readonly ReferredEntry[]>;

/**
 * Validates the hard links of a snapshot that is being written, by the rule that every reader applies. A link comes after its file, so files
 * are looked up in the blocks that were written before: what is held at a time does not grow with the number of links.
 */
export class HardLinkCheck {
  readonly #find: FindInBlock;
  /** In the order of the snapshot. */
  readonly #blocks: SpooledBlock[] = [];
  #links: LinkEntry[] = [];
  #characters = 0;

  constructor(find: FindInBlock) {
    this.#find = find;
  }

  /**
   * Takes the hard links of the next block, which is in the spool.
   *
   * @returns what is wrong with those that were looked at meanwhile
   */
  async add(block: SpooledBlock, links: readonly LinkEntry[]): Promise<Problem[]> {
    this.#blocks.push(block);
    for (const link of links) {
      this.#links.push(link);
      this.#characters += link.path.length + link.link.length;
    }
    return this.#links.length < MOST_LINKS && this.#characters < MOST_CHARACTERS ? [] : this.finish();
  }

  /** Looks at the links that are left. */
  async finish(): Promise<Problem[]> {
    const links = this.#links;
    this.#links = [];
    this.#characters = 0;
    const files = new Map<string, ReferredEntry>();
    const window = new OrderedWindow(LOOKUPS);
    for (const [block, paths] of this.#byBlock(links)) {
      await window.add(this.#find(block, [...paths]), (found) => {
        for (const entry of found) files.set(entry.path, entry);
      });
    }
    await window.drain();
    return links.flatMap((link) => hardLinkProblem(link, files.get(link.link)) ?? []);
  }

  /** The paths that links lead to, by the block that would hold them. */
  #byBlock(links: readonly LinkEntry[]): Map<SpooledBlock, Set<string>> {
    const wanted = new Map<SpooledBlock, Set<string>>();
    for (const { link } of links) {
      const begun = partitionPoint(this.#blocks.length, (i) => {
        const { first } = this.#blocks[i] as SpooledBlock;
        return comparePaths(first, link) <= 0;
      });
      const block = this.#blocks[begun - 1];
      if (block === undefined) continue;
      const paths = wanted.get(block);
      if (paths === undefined) wanted.set(block, new Set([link]));
      else paths.add(link);
    }
    return wanted;
  }
}
