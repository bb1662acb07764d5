import { closeQuietly } from '../../system/close-quietly.ts';
import { StepClock } from '../../workers/step-clock.ts';
import { openRegular } from '../open-regular.ts';
import { type BTreeSize, walkBTree } from './b-tree.ts';
import { DatabasePages, Defect } from './database-pages.ts';
import { columnsOf } from './record.ts';

/** Places in the header: first page of the free list, and its length; largest root page, which only auto-vacuum has; encoding of text. */
const AT = { freeList: 32, freeCount: 36, autoVacuum: 52, encoding: 56 } as const;

interface SchemaRow {
  type: string;
  name: string;
  table: string;
  root: number;
  sql: string;
}

/**
 * Walks a database without SQLite, as its `quick_check` does: each page belongs to one b-tree, one overflow chain or the
 * free list, and to it alone; rows are in order; an index has as many entries as its table has rows. It is meant for a file
 * that a process may have left half written, and does not find everything: a changed value in a page that is otherwise
 * valid is not seen. Source: https://sqlite.org/fileformat2.html
 *
 * @param absolute path of the database
 * @returns the first thing that is wrong, or null
 * @throws what the system says; BackupError `ABORTED`
 */
export async function findDefect(absolute: string, signal?: AbortSignal): Promise<string | null> {
  const fd = openRegular(absolute);
  try {
    const pages = new DatabasePages(fd, new StepClock(signal));
    await walkFreeList(pages);
    const rows: SchemaRow[] = [];
    const encoding = pages.header.readUInt32BE(AT.encoding);
    await walkBTree(pages, 1, 'table', (payload) => rows.push(schemaRow(payload, encoding)));
    await walkRoots(
      pages,
      rows.filter(({ root }) => root > 0),
    );
    markPointerMaps(pages);
    const unused = pages.firstUnused();
    if (unused !== null) throw new Defect(`page ${unused} belongs to nothing`);
    return null;
  } catch (error) {
    if (error instanceof Defect) return error.message;
    throw error;
  } finally {
    closeQuietly(fd);
  }
}

async function walkRoots(pages: DatabasePages, rows: readonly SchemaRow[]): Promise<void> {
  const sizes = new Map<SchemaRow, BTreeSize>();
  for (const row of rows) sizes.set(row, await walkBTree(pages, row.root, row.type === 'table' ? 'any' : 'index'));
  const tables = new Map(rows.filter(({ type }) => type === 'table').map((row) => [row.name, row]));
  for (const [row, size] of sizes) {
    const table = row.type === 'index' ? tables.get(row.table) : undefined;
    // A partial index leaves rows out.
    if (table === undefined || /\bWHERE\b/i.test(row.sql)) continue;
    if (sizes.get(table)?.entries !== size.entries)
      throw new Defect(`index ${row.name} and its table differ in length`);
  }
}

async function walkFreeList(pages: DatabasePages): Promise<void> {
  let found = 0;
  for (let trunk = pages.header.readUInt32BE(AT.freeList); trunk !== 0; ) {
    const bytes = await pages.take(trunk);
    const leaves = bytes.readUInt32BE(4);
    if (leaves > pages.usable / 4 - 2) throw new Defect(`page ${trunk} of the free list is none`);
    for (let i = 0; i < leaves; i++) pages.mark(bytes.readUInt32BE(8 + i * 4));
    found += 1 + leaves;
    trunk = bytes.readUInt32BE(0);
  }
  if (found !== pages.header.readUInt32BE(AT.freeCount)) throw new Defect('the free list has another length');
}

/** With auto-vacuum, every so many pages one holds where the following ones belong. */
function markPointerMaps(pages: DatabasePages): void {
  if (pages.header.readUInt32BE(AT.autoVacuum) === 0) return;
  const distance = Math.floor(pages.usable / 5) + 1;
  for (let page = 2; page <= pages.count; page += distance) pages.mark(page === pages.pending ? page + 1 : page);
}

function schemaRow(payload: Buffer, encoding: number): SchemaRow {
  const [type, name, table, root, sql] = columnsOf(payload, encoding);
  return {
    type: String(type),
    name: String(name),
    table: String(table),
    root: Number(root ?? 0),
    sql: String(sql ?? ''),
  };
}
