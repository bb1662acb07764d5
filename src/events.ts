import type { FileStatus } from './format/file-status.ts';

/**
 * What a running operation reports to its caller.
 *
 * - `phase`: a phase begins.
 * - `progress`: how much of the phase is done. `bytes` are of contents, uncompressed. Totals are absent until they are known. With
 *   `estimated` they are what is expected: those of the parent, or what a count found (`countAhead`). Where there is more already, they are absent.
 * - `snapshot`: the verification of a snapshot begins, where there may be several. `number` and `total` are absent where nobody knows how many.
 * - `file-status`: a file was captured with another status than `ok`. `path` is relative to the state directory.
 * - `notice`: a `Notice`.
 */
export type BackupEvent =
  | { type: 'phase'; phase: Phase }
  | {
      type: 'progress';
      phase: Phase;
      entries: number;
      bytes: number;
      totalEntries?: number;
      totalBytes?: number;
      estimated?: true;
    }
  | { type: 'snapshot'; path: string; number?: number; total?: number }
  | { type: 'file-status'; path: string; status: FileStatus; detail: string }
  | { type: 'notice'; path?: string; message: string; hint?: string };

/** Totals of a progress event that are what is expected. */
export interface EstimatedTotals {
  totalEntries: number;
  totalBytes: number;
  estimated: true;
}

/** Something that the user should know, and that makes nothing incomplete. */
export interface Notice {
  /** The file or entry that it is about. */
  path?: string;
  /** One sentence, without the path. */
  message: string;
  /** What to do about it, in the words of the API. */
  hint?: string;
}

/**
 * What an operation is doing.
 *
 * - `capture`: reading the state directory.
 * - `index`: writing the index.
 * - `check`: reading a snapshot, to verify, plan or compare.
 * - `extract`: writing the entries of a snapshot.
 * - `sync`: making durable what was written.
 * - `commit`: putting it in its final place.
 */
export type Phase = 'capture' | 'index' | 'check' | 'extract' | 'sync' | 'commit';

/** Options of every operation. */
export interface OperationOptions {
  /** Aborts the operation. It cleans up, then rejects with a `BackupError` of code `ABORTED` and name `AbortError`. */
  signal?: AbortSignal;
  /** Called for each event, in order, in the thread of the caller. It must not throw. */
  onEvent?: (event: BackupEvent) => void;
}
