import type { OperationOptions } from '../events.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { checkOptions, flagSchema, OPERATION_SHAPE, optionsSchema, snapshotSchema, threadsSchema } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { type Problem, problemOf } from '../read/problem.ts';
import { openReader, type SnapshotOption } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/storage.ts';
import { throwIfAborted } from '../workers/abort.ts';

export interface VerifyOptions extends OperationOptions {
  /**
   * Worker threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number;
  /**
   * Verify every byte as it stands in the file, against its digest, and the index as a whole; inflate nothing. That is as much as a complete
   * verification where the snapshot was verified completely before, for equal digests are of equal bytes. An archive from elsewhere has no
   * digests, and is verified completely.
   *
   * @default false
   */
  quick?: boolean;
}

/** Options of what verifies completely on the way. */
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
  /** What is wrong, in the order in which it was found: up to 1,000 problems, then one that counts all others. */
  problems: Problem[];
  /** Whether stored bytes alone were verified, against their digests, and what they inflate to was not. */
  quick: boolean;
  /** False for an archive from elsewhere, which carries no digests to be verified against. */
  sealed: boolean;
  manifest: Manifest | null;
  totals: Omit<Totals, 'tar_bytes'> | null;
  /** What `createSnapshot` recorded of files that it did not have clean at once. */
  statuses: RecordedStatus[];
  /** Symbolic links that lead out of the state directory; `restoreSnapshot` refuses them unless told otherwise. */
  externalLinks: string[];
}

/**
 * Verifies a snapshot: every byte of it, against its own digests. Goes on behind the first problem.
 *
 * @throws BackupError only when the file cannot be read at all; a snapshot that is not valid is a result, not an error
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
