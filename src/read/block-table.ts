import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import { decodePage } from '../format/index-page.ts';
import type { PageRow } from '../format/index-root.ts';
import { invalidIndex, sumOf } from '../format/packed-columns.ts';
import { partitionPoint } from '../format/partition-point.ts';
import { comparePaths } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { type BlockLocation, type IndexLocation, readIndex } from './index-reader.ts';

/** A page of the index: a run of blocks, and what the index header says of them. */
export interface PageLocation {
  row: PageRow;
  /** Number of its first block. */
  firstBlock: number;
  /** Where its first block begins in the index; the page itself follows its last one. */
  at: number;
  /** Where the first member of its blocks begins in the file. */
  offset: number;
}

/** Pages that are kept decoded. */
const KEPT_PAGES = 4;

/**
 * The blocks of a snapshot, in order. There can be millions: pages are read when their blocks are asked for.
 *
 * Looking at a block throws `SNAPSHOT_DAMAGED`, `INDEX_INVALID` or `GZIP_INVALID` when its page is not what it must be.
 */
export class BlockTable implements AsyncIterable<BlockLocation> {
  readonly pages: readonly PageLocation[];
  /** How many blocks there are. */
  readonly length: number;
  /** How many bytes blocks and pages take in the index. */
  readonly indexBytes: number;
  /** Where in the file the members of all blocks end. */
  readonly end: number;
  readonly #index: IndexLocation;
  readonly #kept = new Map<number, BlockLocation[]>();

  /**
   * @param rows the pages, as the index header describes them
   * @param offset where in the file the first member of entries begins
   */
  constructor(index: IndexLocation, rows: readonly PageRow[], offset: number) {
    this.#index = index;
    let [firstBlock, at, end] = [0, 0, offset];
    this.pages = rows.map((row, i) => {
      const before = rows[i - 1];
      if (before !== undefined && comparePaths(before.first, row.first) >= 0)
        throw invalidIndex('has pages out of order');
      const page: PageLocation = { row, firstBlock, at, offset: end };
      firstBlock += row.blocks;
      at += row.block_bytes + row.length;
      end += row.stored;
      return page;
    });
    [this.length, this.indexBytes, this.end] = [firstBlock, at, end];
  }

  /** A block by its number. */
  async at(number: number): Promise<BlockLocation> {
    const page = partitionPoint(this.pages.length, (i) => (this.pages[i] as PageLocation).firstBlock <= number) - 1;
    const blocks = await this.blocksOf(page);
    return blocks[number - (blocks[0] as BlockLocation).number] as BlockLocation;
  }

  /** Path of the first entry of a block; null after the last block. */
  async firstOf(number: number): Promise<string | null> {
    return number < this.length ? (await this.at(number)).row.first : null;
  }

  /** The block that holds a path, if any does: the last one that does not begin after it. */
  async blockOf(path: string): Promise<BlockLocation | null> {
    const isBefore = ({ row }: { row: { first: string } } | { row: PageRow }) => comparePaths(row.first, path) <= 0;
    const page = partitionPoint(this.pages.length, (i) => isBefore(this.pages[i] as PageLocation)) - 1;
    if (page < 0) return null;
    const blocks = await this.blocksOf(page);
    return blocks[partitionPoint(blocks.length, (i) => isBefore(blocks[i] as BlockLocation)) - 1] as BlockLocation;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BlockLocation, void, void> {
    for (const page of this.pages.keys()) yield* await this.blocksOf(page);
  }

  /** The blocks of a page, by the page's number. */
  async blocksOf(number: number): Promise<readonly BlockLocation[]> {
    const blocks = this.#kept.get(number) ?? (await this.#read(number));
    this.#kept.delete(number);
    this.#kept.set(number, blocks);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT_PAGES) this.#kept.delete(oldest);
    return blocks;
  }

  async #read(number: number): Promise<BlockLocation[]> {
    const { row, firstBlock, at, offset } = this.pages[number] as PageLocation;
    const bytes = await readIndex(this.#index, at + row.block_bytes, row.length);
    if (hash('sha256', bytes) !== row.sha256) {
      throw new BackupError(
        'SNAPSHOT_DAMAGED',
        `a page of the index (the entries from "${printable(row.first)}" on) has not the SHA-256 of the index header`,
        { hint: DAMAGED_HINT },
      );
    }
    const rows = decodePage(bytes, offset, NODE_CODEC);
    const agrees =
      rows.length === row.blocks &&
      rows[0]?.first === row.first &&
      sumOf(rows.map((each) => each.entries)) === row.entries &&
      sumOf(rows.map((each) => each.length)) === row.block_bytes &&
      sumOf(rows.map((each) => each.stored)) === row.stored &&
      sumOf(rows.map((each) => each.raw)) === row.raw;
    if (!agrees) throw invalidIndex('has a header that describes a page other than it is');
    const following = this.pages[number + 1]?.row.first;
    let begin = at;
    return rows.map((each, i) => {
      const next = rows[i + 1]?.first ?? following;
      if (next !== undefined && comparePaths(each.first, next) >= 0) throw invalidIndex('has blocks out of order');
      const location = { number: firstBlock + i, row: each, at: begin };
      begin += each.length;
      return location;
    });
  }
}
