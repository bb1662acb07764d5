import { comparePaths } from '../../format/path-order.ts';
import type { BlockTable } from '../../read/block-table.ts';
import { type BlockLocation, decodeBlockOf, type IndexLocation, readIndex } from '../../read/index-reader.ts';
import { type ParentUnit, ParentUnits } from './parent-units.ts';

/** Blocks that are remembered as they are in the index: more than are on their way to it at a time. */
const MOST_ENCODED = 16;
/** The block of a very large file is seldom the same again. */
const MOST_ENCODED_BYTES = 1024 * 1024;

/**
 * Finds what begins with a path in a snapshot, of paths asked for in their order. Holds one block of the index at a time. What of the index
 * is damaged is passed over.
 */
export class ParentCursor {
  readonly #index: IndexLocation;
  readonly #blocks: BlockTable;
  readonly #onFailure: (error: unknown) => void;
  #units: ParentUnits | null = null;
  /** The last blocks that were read, by their first path. */
  readonly #encoded = new Map<string, Uint8Array>();
  /** Number of the next block, and of its first entry. */
  #next = 0;
  #nextEntry = 0;

  /** @param onFailure called with the reason why a part of the index cannot be used; may throw */
  constructor(index: IndexLocation, blocks: BlockTable, onFailure: (error: unknown) => void) {
    this.#index = index;
    this.#blocks = blocks;
    this.#onFailure = onFailure;
  }

  /** The unit of which a path is the first entry, if there is one. */
  async find(path: string): Promise<ParentUnit | null> {
    let unit = this.#units?.seek(path) ?? null;
    if (unit === null && (await this.#enter(path))) unit = this.#units?.seek(path) ?? null;
    return unit !== null && unit.block.path[unit.entry] === path ? unit : null;
  }

  /** The block that begins with a path, as it is in the index, if it was read lately. */
  encodedBlock(first: string): Uint8Array | null {
    return this.#encoded.get(first) ?? null;
  }

  #remember(first: string, bytes: Uint8Array): void {
    if (bytes.length > MOST_ENCODED_BYTES) return;
    this.#encoded.set(first, bytes);
    if (this.#encoded.size <= MOST_ENCODED) return;
    for (const oldest of this.#encoded.keys()) {
      this.#encoded.delete(oldest);
      return;
    }
  }

  /**
   * Goes to the last block that does not begin after a path.
   *
   * @returns false when that is not after the current one
   */
  async #enter(path: string): Promise<boolean> {
    let found: BlockLocation | null = null;
    let foundEntry = 0;
    while (this.#next < this.#blocks.length) {
      const location = await this.#locate();
      if (location === null) continue;
      if (comparePaths(location.row.first, path) > 0) break;
      found = location;
      foundEntry = this.#nextEntry;
      this.#next++;
      this.#nextEntry += location.row.entries;
    }
    if (found === null) return false;
    this.#units = null;
    try {
      const bytes = await readIndex(this.#index, found.at, found.row.length);
      this.#units = new ParentUnits(decodeBlockOf(found, bytes), foundEntry, found.row.offset);
      this.#remember(found.row.first, bytes);
      return true;
    } catch (error) {
      this.#onFailure(error);
      return false;
    }
  }

  /** The next block. Passes over the rest of its page if that is damaged. */
  async #locate(): Promise<BlockLocation | null> {
    try {
      return await this.#blocks.at(this.#next);
    } catch (error) {
      this.#onFailure(error);
      const page = this.#blocks.pages.findLast(({ firstBlock }) => firstBlock <= this.#next);
      this.#next += page?.row.blocks ?? this.#blocks.length;
      this.#nextEntry += page?.row.entries ?? 0;
      return null;
    }
  }
}
