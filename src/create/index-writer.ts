import { hash } from 'node:crypto';
import { type BlockRow, encodePage, MAX_PAGE_BLOCKS } from '../format/index-page.ts';
import type { PageRow } from '../format/index-root.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import type { SpooledBlock } from './hard-link-check.ts';
import type { ClosedBlock } from './index-builder.ts';
import type { IndexSpool } from './index-spool.ts';

/** A page is closed when the paths in it have this many characters: in JSON a character takes six bytes at most. */
const PAGE_NAMES = 4 * 1024 * 1024;

/** Puts the blocks of an index into the spool, and after each run of them the page that lists it. */
export class IndexWriter {
  readonly pages: PageRow[] = [];
  readonly #spool: IndexSpool;
  #rows: BlockRow[] = [];
  #names = 0;

  constructor(spool: IndexSpool) {
    this.#spool = spool;
  }

  /**
   * Takes the next block, encoded.
   *
   * @returns where it is in the spool
   */
  add({ row }: ClosedBlock, bytes: Uint8Array): SpooledBlock {
    const at = this.#spool.length;
    this.#spool.append(bytes);
    this.#rows.push({ ...row, length: bytes.length, sha256: hash('sha256', bytes) });
    this.#names += row.first.length;
    if (this.#rows.length === MAX_PAGE_BLOCKS || this.#names >= PAGE_NAMES) this.finish();
    return { first: row.first, at, length: bytes.length };
  }

  /** Closes the current page, if there is anything in it. */
  finish(): void {
    const [first] = this.#rows;
    if (first === undefined) return;
    const bytes = encodePage(this.#rows, NODE_CODEC);
    this.#spool.append(bytes);
    const page: PageRow = {
      first: first.first,
      blocks: this.#rows.length,
      entries: 0,
      block_bytes: 0,
      length: bytes.length,
      sha256: hash('sha256', bytes),
      stored: 0,
      raw: 0,
    };
    for (const row of this.#rows) {
      page.entries += row.entries;
      page.block_bytes += row.length;
      page.stored += row.stored;
      page.raw += row.raw;
    }
    this.pages.push(page);
    this.#rows = [];
    this.#names = 0;
  }
}
