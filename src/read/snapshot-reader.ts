import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import type { EntryFilter, Selection } from '../patterns/selection.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import type { Problem } from '../validate/problem.ts';
import type { EntryRuns } from './read-entries.ts';

/** A snapshot whose ends were read and hold: one of ours, or a foreign archive, which has no index and no digests. */
export interface SnapshotReader {
  /** Its bytes. Whoever opened them closes them. */
  readonly source: RangeReader;
  readonly manifest: Manifest;
  /** Whether it has an index and a seal. */
  readonly sealed: boolean;
  /** What it holds, as it states by itself; null for a foreign archive. */
  readonly totals: Totals | null;
  /** Files that were not captured at the first attempt, as it records them. */
  readonly statuses: RecordedStatus[];
  /** Finest difference between times that it holds and a restore keeps, in nanoseconds. */
  readonly timeUnit: number;
  /** Whether each directory that entries lie in is an entry too. */
  readonly namesDirectories: boolean;

  /**
   * The entries that are wanted, in the order in which they are in the snapshot. Each is validated, its content is not read for it; a
   * foreign archive has to be read to its end.
   *
   * @throws BackupError one of kind `invalid`, also in the middle
   */
  entries(selection: EntryFilter | null, signal: AbortSignal | undefined): EntryRuns;

  /**
   * The same in the order of paths, each file with its SHA-256: what two snapshots are compared by. Of a foreign archive all are held in
   * memory.
   */
  orderedEntries(selection: Selection | null, signal: AbortSignal | undefined): EntryRuns;

  /**
   * Verifies every byte; with `quick`, of a snapshot that has digests, every byte as it is in the file and the index. What is wrong is a result, not an
   * error.
   */
  verify(options: VerificationOptions): Promise<Verification>;

  /**
   * Hands over the content of one file in parts, which stay as they are until `write` resolves. Up to 16 MiB are verified before any of it is handed
   * over; of more, what was handed over counts only when this resolves.
   *
   * @param path of the entry, as it is listed; a hard link's content is that of the file that it names
   * @returns the entry whose content it is
   * @throws BackupError `ENTRY_NOT_FOUND` also for what has no content, or one of kind `invalid`
   */
  readContent(
    path: string,
    write: (content: Uint8Array) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Entry>;
}

/** How to verify; see `VerifyOptions`. */
export interface VerificationOptions extends OperationOptions {
  threads?: number;
  quick?: boolean;
}

/** What a verification of every byte found. */
export interface Verification {
  /** What is wrong, in the order in which it was found: up to 1,000 problems, then one that counts all others. */
  problems: Problem[];
  totals: Omit<Totals, 'tarBytes'>;
  /** Symbolic links that lead out of the state directory, by the rules of this platform. */
  externalLinks: string[];
}
