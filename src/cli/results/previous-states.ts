import type { ListedTree, PreviousState } from '../../index.ts';
import { count, formatBytes, formatTime } from '../text/amounts.ts';
import type { Line } from '../text/table.ts';

/** A previous state as the JSON output has it. */
export function keptFields(tree: PreviousState): Record<string, unknown> {
  const { name, path, kind, replacedAt, by, snapshot, paths, undoable, original } = tree;
  return {
    name,
    path,
    kind,
    replaced_at: replacedAt,
    by,
    snapshot: snapshot === null ? null : { name: snapshot.name, created_at: snapshot.createdAt },
    paths,
    undoable,
    original,
  };
}

const COLUMNS = [{ gives: 4, least: 16 }, { gives: 3 }, { gives: 2 }, { right: true, gives: 1 }, { wraps: true }];

/** Previous states as a table, and what a plain undo would do. */
export function keptLines(kept: readonly ListedTree[]): Line[] {
  const next = kept.find(({ undoable }) => undoable);
  return [
    { columns: COLUMNS, rows: [['name', 'replaced', 'by', 'size', 'holds'], ...kept.map(row)] },
    next === undefined
      ? 'all that restores replaced has been put back; to go to one of these: oxios-backup undo --to NAME'
      : `"oxios-backup undo" puts back ${next.name}; "oxios-backup undo --to NAME" another one`,
  ];
}

function row({ name, replacedAt, by, snapshot, bytes, kind, paths, original }: ListedTree): string[] {
  const origin = snapshot === null ? by : `${by} of ${snapshot.name ?? `what was made on ${snapshot.createdAt}`}`;
  const holds = kind === 'tree' ? 'whole tree' : `merge of ${count(paths ?? 0, 'path')}`;
  return [
    name,
    formatTime(replacedAt),
    origin,
    formatBytes(bytes),
    original ? `${holds}, as it was before the first restore` : holds,
  ];
}
