import { type DatabasePages, Defect } from './database-pages.ts';
import { readVarint } from './record.ts';

/** Types of pages: https://sqlite.org/fileformat2.html#b_tree_pages */
const PAGE = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 } as const;

/** Bytes of the database header before the b-tree in page 1. */
const FIRST_PAGE_OFFSET = 100;

/** A deeper one than any that a file can hold: a circle. */
const MAX_DEPTH = 40;

export interface BTreeSize {
  /** Rows of a table, or entries of an index. */
  entries: number;
}

interface Walk {
  pages: DatabasePages;
  isTable: boolean;
  onPayload: ((payload: Buffer) => void) | undefined;
  entries: number;
  /** The row that was met last. */
  row: bigint | null;
  /** Depth of the leaves. */
  depth: number | null;
}

/**
 * Walks all pages of one b-tree in order.
 *
 * @param kind what it must be; a table without row ids is an index
 * @param onPayload called with each record of a table
 * @throws Defect
 */
export async function walkBTree(
  pages: DatabasePages,
  root: number,
  kind: 'table' | 'index' | 'any',
  onPayload?: (payload: Buffer) => void,
): Promise<BTreeSize> {
  const walk: Walk = { pages, isTable: false, onPayload, entries: 0, row: null, depth: null };
  const bytes = await pages.take(root);
  const type = bytes[root === 1 ? FIRST_PAGE_OFFSET : 0];
  walk.isTable = type === PAGE.tableInterior || type === PAGE.tableLeaf;
  if (kind !== 'any' && walk.isTable !== (kind === 'table'))
    throw new Defect(`page ${root} is not the root of its ${kind}`);
  await walkPage(walk, root, bytes, 0);
  return { entries: walk.entries };
}

async function walkPage(walk: Walk, page: number, bytes: Buffer, depth: number): Promise<void> {
  const start = page === 1 ? FIRST_PAGE_OFFSET : 0;
  const type = bytes[start];
  const isLeaf = type === (walk.isTable ? PAGE.tableLeaf : PAGE.indexLeaf);
  if (!isLeaf && type !== (walk.isTable ? PAGE.tableInterior : PAGE.indexInterior))
    throw new Defect(`page ${page} is no page of its b-tree`);
  if (isLeaf) walk.depth ??= depth;
  if (depth > MAX_DEPTH || (isLeaf && depth !== walk.depth)) throw new Defect(`page ${page} lies too deep`);
  const { usable } = walk.pages;
  const cells = bytes.readUInt16BE(start + 3);
  const pointers = start + (isLeaf ? 8 : 12);
  if (pointers + cells * 2 > usable) throw new Defect(`page ${page} has too many cells`);
  for (let i = 0; i < cells; i++) {
    let at = bytes.readUInt16BE(pointers + i * 2);
    if (at < pointers + cells * 2 || at + 4 > usable) throw new Defect(`a cell of page ${page} lies outside of it`);
    if (!isLeaf) {
      await descend(walk, bytes.readUInt32BE(at), depth);
      at += 4;
    }
    if (walk.isTable && !isLeaf) takeRow(walk, readVarint(bytes, at).value, page, true);
    else {
      const overflow = walkCell(walk, bytes, at, page);
      if (overflow !== undefined) await overflow;
    }
  }
  if (!isLeaf) await descend(walk, bytes.readUInt32BE(start + 8), depth);
}

async function descend(walk: Walk, page: number, depth: number): Promise<void> {
  await walkPage(walk, page, await walk.pages.take(page), depth + 1);
}

/** A cell with a record: of a leaf, or of any page of an index. @returns only what is to be waited for */
function walkCell(walk: Walk, bytes: Buffer, cell: number, page: number): Promise<void> | undefined {
  const length = readVarint(bytes, cell);
  let at = length.next;
  if (walk.isTable) {
    const row = readVarint(bytes, at);
    takeRow(walk, row.value, page, false);
    at = row.next;
  }
  walk.entries++;
  const total = Number(length.value);
  const local = localLength(total, walk.isTable, walk.pages.usable);
  if (at + local + (local < total ? 4 : 0) > walk.pages.usable) throw new Defect(`a cell of page ${page} is too long`);
  const part = bytes.subarray(at, at + local);
  if (local === total) {
    walk.onPayload?.(part);
    return undefined;
  }
  return walkOverflow(walk, bytes.readUInt32BE(at + local), total - local, part);
}

/** Rows are in ascending order; the key in an interior page is at least the last one before it. */
function takeRow(walk: Walk, value: bigint, page: number, isBound: boolean): void {
  const row = BigInt.asIntN(64, value);
  if (walk.row !== null && (isBound ? row < walk.row : row <= walk.row))
    throw new Defect(`rows of page ${page} are out of order`);
  walk.row = row;
}

async function walkOverflow(walk: Walk, first: number, length: number, part: Buffer): Promise<void> {
  const { pages, onPayload } = walk;
  const parts = [part];
  let page = first;
  for (let left = length; left > 0; left -= pages.usable - 4) {
    const bytes = await pages.take(page);
    if (onPayload !== undefined) parts.push(bytes.subarray(4, 4 + Math.min(left, pages.usable - 4)));
    page = bytes.readUInt32BE(0);
  }
  if (page !== 0) throw new Defect('a record is longer than it says');
  onPayload?.(Buffer.concat(parts));
}

/** How much of a record is in its page: https://sqlite.org/fileformat2.html#cell_payload_overflow_pages */
function localLength(total: number, isTable: boolean, usable: number): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (total <= most) return total;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((total - least) % (usable - 4));
  return wanted <= most ? wanted : least;
}
