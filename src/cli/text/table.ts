import { printable } from '../../format/printable.ts';
import { displayWidth, shortenMiddle } from './display-width.ts';
import { wrap } from './wrap.ts';

/** How a column is drawn, and what becomes of it in a window that is too narrow for all. */
export interface Column {
  /** Flush with its right edge, as numbers are. */
  right?: boolean;
  /** When it gives way: the column with the lowest number first. Without one it stays as it is. */
  gives?: number;
  /** Width to which the texts are shortened when it gives way, in their middle; without one the column is omitted. */
  least?: number;
  /** The last column may be broken at spaces, over several lines. */
  wraps?: boolean;
}

/** Rows of which the columns are aligned. */
export interface Table {
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
  /** Spaces before each line. */
  indent?: number;
}

/** Something to say: a line, or a table. */
export type Line = string | Table;

const GAP = 2;
/** A column that is broken has at least this width, else the lines are left to the terminal. */
const LEAST_WRAPPED = 12;

/** The lines to print, safe for a terminal. @param width of the window; null for none, as in a pipe, where nothing is shortened */
export function renderLines(lines: readonly Line[], width: number | null): string[] {
  return lines.flatMap((line) => (typeof line === 'string' ? [printable(line)] : renderTable(line, width)));
}

/** The lines of a table. @param width see `renderLines` */
export function renderTable({ columns, rows, indent = 0 }: Table, width: number | null): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = columns.map((_, at) => Math.max(0, ...cells.map((row) => displayWidth(row[at] ?? ''))));
  const room = width === null ? Number.POSITIVE_INFINITY : width - indent;
  const kept = columns.map((column, at) => ({ ...column, at, width: widths[at] ?? 0 }));
  const shown = withinRoom(kept, room);
  return cells.flatMap((row) => rowLines(row, shown, room).map((line) => ' '.repeat(indent) + line));
}

interface PlacedColumn extends Column {
  /** Which cell of a row is in it. */
  at: number;
  width: number;
}

/** Lets columns give way until the rest has room, or none is left that does. */
function withinRoom(columns: readonly PlacedColumn[], room: number): PlacedColumn[] {
  let shown = [...columns];
  const giving = columns.filter(({ gives }) => gives !== undefined).sort((a, b) => (a.gives ?? 0) - (b.gives ?? 0));
  for (const { at, least } of giving) {
    const excess = totalWidth(shown) - room;
    if (excess <= 0) break;
    shown =
      least === undefined
        ? shown.filter((column) => column.at !== at)
        : shown.map((column) =>
            column.at === at
              ? { ...column, width: Math.min(column.width, Math.max(least, column.width - excess)) }
              : column,
          );
  }
  return withSlack(shown, columns, room);
}

/** Widens columns that were shortened too much: others were dropped after them. */
function withSlack(shown: readonly PlacedColumn[], columns: readonly PlacedColumn[], room: number): PlacedColumn[] {
  let slack = room - totalWidth(shown);
  return shown.map((column) => {
    const wanted = (columns.find(({ at }) => at === column.at)?.width ?? 0) - column.width;
    const more = Math.max(0, Math.min(wanted, slack));
    slack -= more;
    return { ...column, width: column.width + more };
  });
}

/** As it is while a last column that can be broken has its least width. */
function totalWidth(columns: readonly PlacedColumn[]): number {
  const widths = columns.map(({ width, wraps }) => (wraps ? Math.min(width, LEAST_WRAPPED) : width));
  return widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, columns.length - 1);
}

function rowLines(row: readonly string[], columns: readonly PlacedColumn[], room: number): string[] {
  const gap = ' '.repeat(GAP);
  const last = columns.at(-1);
  const before = columns.slice(0, -1).map((column) => pad(row[column.at] ?? '', column));
  if (last === undefined) return [];
  const text = row[last.at] ?? '';
  const used = before.reduce((sum, cell) => sum + displayWidth(cell) + GAP, 0);
  if (last.wraps && Number.isFinite(room)) {
    const left = Math.max(LEAST_WRAPPED, room - used);
    const [first = '', ...more] = wrap(text, left).map((line) => shortenMiddle(line, left));
    return [[...before, first].join(gap).trimEnd(), ...more.map((line) => ' '.repeat(used) + line)];
  }
  return [[...before, pad(text, last)].join(gap).trimEnd()];
}

function pad(text: string, { width, right, wraps }: PlacedColumn): string {
  const shown = wraps ? text : shortenMiddle(text, width);
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return right ? spaces + shown : shown + spaces;
}
