import type { OperationOptions } from '../events.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { checkOptions, flagSchema, OPERATION_SHAPE, optionsSchema, snapshotSchema, threadsSchema } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { type Problem, problemOf } from '../validate/problem.ts';
import { throwIfAborted } from '../workers/abort.ts';

/** How a snapshot is verified. All of them may be absent. */
export interface VerifyOptions extends OperationOptions {
  /**
   * Number of worker threads, from 1 to 1024.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
  /**
   * Verify the stored bytes against their digests, and the whole index, and inflate nothing. If the snapshot was verified completely before,
   * this is as good: equal digests mean equal bytes. A foreign archive has no digests, and is always verified completely.
   *
   * @default false
   */
  quick?: boolean;
}

/** Options of operations that include a complete verification. */
export type CompleteVerifyOptions = Omit<VerifyOptions, 'quick'>;

export const COMPLETE_VERIFY_SHAPE = { ...OPERATION_SHAPE, threads: threadsSchema };
export const VERIFY_SHAPE = { ...COMPLETE_VERIFY_SHAPE, quick: flagSchema };

const verifySnapshotSchema = optionsSchema<SnapshotOption & VerifyOptions>(
  { ...VERIFY_SHAPE, snapshot: snapshotSchema },
  ['snapshot'],
);

/** What a verification found out. */
export interface VerifyResult {
  /** Whether every byte was verified. Equal to `problems.length === 0`. */
  valid: boolean;
  /** What is wrong, in the order in which it was found: up to 1,000 problems, then one with the number of all others. */
  problems: Problem[];
  /** Whether only the stored bytes were verified, against their digests, and not what they inflate to. */
  quick: boolean;
  /** False for a foreign archive, which has no digests to be verified against. */
  sealed: boolean;
  /** The manifest; null if it cannot be read. */
  manifest: Manifest | null;
  /** What the snapshot holds; null if that cannot be read. */
  totals: Omit<Totals, 'tarBytes'> | null;
  /** Every file whose status in the snapshot is not `ok`. */
  statuses: RecordedStatus[];
  /** Paths of symbolic links that lead out of the state directory. `restoreSnapshot` refuses them by default. */
  externalLinks: string[];
}

/**
 * Verifies a snapshot: every byte of it, against its own digests. It goes on after the first problem.
 *
 * @returns whether it is valid, and what is wrong: a snapshot that is not valid is a result, not an error
 * @throws BackupError only when the snapshot cannot be read at all: `SNAPSHOT_MISSING`, `PERMISSION`, `IO`, `ABORTED`
 */
export async function verifySnapshot(options: SnapshotOption & VerifyOptions): Promise<VerifyResult> {
  checkOptions(verifySnapshotSchema, options);
  const source = await openReader(options.snapshot, { signal: options.signal });
  try {
    return await verifySource(source, options);
  } finally {
    await source.close();
  }
}

/** The same for a snapshot that is open; it stays so. */
export async function verifySource(source: RangeReader, options: VerifyOptions): Promise<VerifyResult> {
  try {
    const reader = await openSnapshotReader(source);
    const { problems, totals, externalLinks } = await reader.verify(options);
    const { sealed, manifest, statuses } = reader;
    const quick = sealed && options.quick === true;
    return { valid: problems.length === 0, problems, quick, sealed, manifest, totals, statuses, externalLinks };
  } catch (error) {
    throwIfAborted(options.signal);
    return {
      valid: false,
      problems: [problemOf(error)],
      quick: false,
      sealed: false,
      manifest: null,
      totals: null,
      statuses: [],
      externalLinks: [],
    };
  }
}
