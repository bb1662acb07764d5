import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { BackupError } from '../../errors.ts';
import { readTextIfThere } from '../../system/read-text.ts';
import { writeDurably } from '../../system/write-durably.ts';
import type { Location } from '../location.ts';

/** The snapshot of a restore. */
export interface SnapshotOrigin {
  /** Name of its file; null if it came through a pipe. */
  name: string | null;
  /** When it was made, RFC 3339. */
  createdAt: string;
}

const count = z.int().check(z.minimum(0));

/** File name of a directory; never a path. */
export const componentSchema = z.string().check(
  z.minLength(1),
  z.refine((name) => name !== '.' && name !== '..' && !/[/\0]/.test(name), 'not a file name'),
);

const recordedStateSchema = z.object({
  /** A name beside the history. */
  directory: componentSchema,
  /** `tree`: the whole state directory. `merge`: only what a merge, or the undo of one, took out of it. */
  kind: z.enum(['tree', 'merge']),
  /** Number of the state that it puts back. */
  state: count,
  /** Number of the state that must be live for it; null for a whole tree, which replaces any. */
  onto: z.nullable(count),
  /** How many paths were exchanged; null for a whole tree. */
  paths: z.nullable(count),
  replaced_at: z.string(),
  by: z.enum(['restore', 'undo']),
  snapshot: z.nullable(z.object({ name: z.nullable(z.string()), created_at: z.string() })),
  /** Whether a plain undo may take it: not what an undo displaced, and not what lies ahead of where an undo went back to. */
  undoable: z.boolean(),
});

const undoStepsSchema = z.object({
  /** Number of the state that it goes to. */
  to: count,
  done: count,
  steps: count,
  /** When the state had been replaced that is live since its last step. */
  reached: z.string(),
  /** The directory of what its first step replaced: the way back to before it. Null if there was nothing. */
  previous: z.nullable(componentSchema),
});

/**
 * What is known of the previous states of a state directory that lie beside this file. States are numbered from 1, the one that was live
 * before the first restore. A file of the same name in the other location may say more; the higher revision knows what is live.
 */
export const historyFileSchema = z.object({
  format: z.literal(1),
  revision: count,
  /** Number of the state that is live. */
  live: count,
  /** The highest number given so far. */
  highest: count,
  /** Restores since nothing was kept. */
  restores: count,
  states: z.array(recordedStateSchema),
  /** If the last change was a step of an undo of several: how far it came. */
  undo_steps: z.optional(undoStepsSchema),
});

export type RecordedState = z.infer<typeof recordedStateSchema>;
export type UndoSteps = z.infer<typeof undoStepsSchema>;
export type HistoryFile = z.infer<typeof historyFileSchema>;

function historyPath(location: Location): string {
  return join(location.directory, `${location.names.hidden}history`);
}

/** The history at `location`; null if nothing is kept there. */
export function readHistoryFile(location: Location): HistoryFile | null {
  const path = historyPath(location);
  const text = readTextIfThere(path, 'read what is known of previous states');
  if (text === null) return null;
  try {
    return historyFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new BackupError('IO', 'the list of previous states cannot be understood', {
      path,
      hint: 'Move that file away: whole trees are still found by their names, what merges took out lies beside it.',
      cause: error,
    });
  }
}

/** Writes the history at `location`, durably; one without a state is removed. */
export function writeHistoryFile(location: Location, history: HistoryFile): void {
  const path = historyPath(location);
  if (history.states.length === 0) {
    rmSync(path, { force: true });
    return;
  }
  writeDurably(path, `${JSON.stringify(history)}\n`);
}
