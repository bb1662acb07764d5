import type { OperationOptions } from '../events.ts';
import { isIncomplete } from '../format/file-status.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption, snapshotPath } from '../storage/open-reader.ts';

/** What a snapshot says of itself. */
export interface SnapshotSummary {
  /** Path of the file; null for a stream. */
  path: string | null;
  /** Length of the file in bytes. */
  length: number;
  /** False for an archive from elsewhere, which carries no index and no digests. */
  sealed: boolean;
  /** The manifest that counts; `source` in it tells where the snapshot comes from. */
  manifest: Manifest;
  /** What it holds; null for an archive from elsewhere. */
  totals: Totals | null;
  /** Every file that was not captured clean at once. */
  statuses: RecordedStatus[];
  /** Whether it holds everything that was to go in; null for an archive from elsewhere, which does not tell. */
  complete: boolean | null;
}

const showOptionsSchema = optionsSchema<SnapshotOption & OperationOptions>(
  { ...OPERATION_SHAPE, snapshot: snapshotSchema },
  ['snapshot'],
);

/**
 * Tells what a snapshot is. Reads both ends of the file, a few KiB: those are verified, the entries are not (`verifySnapshot`).
 *
 * A stream is read to its end.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, or a code whose exit status is 4
 */
export async function showSnapshot(options: SnapshotOption & OperationOptions): Promise<SnapshotSummary> {
  checkOptions(showOptionsSchema, options);
  const { snapshot } = options;
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    const { manifest, sealed, totals, statuses } = await openSnapshotReader(source);
    return {
      path: snapshotPath(snapshot),
      length: source.size,
      manifest,
      sealed,
      totals,
      statuses,
      complete: sealed ? !statuses.some(({ status }) => isIncomplete(status)) : null,
    };
  } finally {
    await source.close();
  }
}
