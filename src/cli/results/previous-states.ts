import type { ListedTree, PreviousState } from '../../index.ts';
import { count, formatBytes, formatTime } from '../text/amounts.ts';
import type { Line } from '../text/table.ts';

/** A previous state as the JSON output has it. */
export function keptFields(tree: PreviousState): Record<string, unknown> {
  const { name, path, kind, replacedAt, by, paths, undoable, original, unfinishedUndo } = tree;
  const snapshot = tree.snapshot && { name: tree.snapshot.name, created_at: tree.snapshot.createdAt };
  return {
    name,
    path,
    kind,
    replaced_at: replacedAt,
    by,
    snapshot,
    paths,
    undoable,
    original,
    unfinished_undo:
      unfinishedUndo === null
        ? null
        : {
            done: unfinishedUndo.done,
            steps: unfinishedUndo.steps,
            live_replaced_at: unfinishedUndo.liveReplacedAt,
          },
  };
}

/** Where an undo stopped between two steps, and how it goes on. */
export function unfinishedLines(stateDir: string, { name, unfinishedUndo }: PreviousState): string[] {
  if (unfinishedUndo === null) return [];
  const { done, steps, liveReplacedAt } = unfinishedUndo;
  return [
    `${stateDir} is again what was replaced on ${formatTime(liveReplacedAt)}: ${done} of ${steps} steps of an undo are done`,
    `  to go on: oxios-backup undo --to ${name}`,
  ];
}

const COLUMNS = [{ gives: 4, least: 16 }, { gives: 3 }, { gives: 2 }, { right: true, gives: 1 }, { wraps: true }];

/** Previous states as a table, and what a plain undo would do. */
export function keptLines(kept: readonly ListedTree[], stateDir: string): Line[] {
  const next = kept.find(({ undoable }) => undoable);
  return [
    { columns: COLUMNS, rows: [['name', 'replaced', 'by', 'size', 'holds'], ...kept.map(row)] },
    next === undefined
      ? 'all that restores replaced has been put back; to go to one of these: oxios-backup undo --to NAME'
      : `"oxios-backup undo" puts back ${next.name}; "oxios-backup undo --to NAME" another one`,
    ...kept.flatMap((each) => unfinishedLines(stateDir, each)),
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
