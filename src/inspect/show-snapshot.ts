import type { OperationOptions } from '../events.ts';
import { isIncomplete } from '../format/file-status.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { openSnapshot } from '../read/open-snapshot.ts';
import { openReader, type SnapshotOption, snapshotPath } from '../storage/open-reader.ts';

/** What a snapshot is. */
export interface SnapshotSummary {
  /** Path of the file, or its `s3://` URL; null for a stream. */
  path: string | null;
  /** Length of the file in bytes. */
  length: number;
  /** False for a foreign archive, which has no index and no digests. */
  sealed: boolean;
  /** The manifest. `source` in it is what the snapshot is of. */
  manifest: Manifest;
  /** What it holds; null for a foreign archive. */
  totals: Totals | null;
  /** Every file whose status is not `ok`. */
  statuses: RecordedStatus[];
  /** Whether it holds everything that it should; null for a foreign archive, where that is not known. */
  complete: boolean | null;
}

const showOptionsSchema = optionsSchema<SnapshotOption & OperationOptions>(
  { ...OPERATION_SHAPE, snapshot: snapshotSchema },
  ['snapshot'],
);

/**
 * Says what a snapshot is. Both ends of the file are read, a few KiB, and verified; the entries are not. A stream is read to its end.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, `ABORTED`, or one of kind `invalid`
 */
export async function showSnapshot(options: SnapshotOption & OperationOptions): Promise<SnapshotSummary> {
  checkOptions(showOptionsSchema, options);
  const { snapshot } = options;
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    // Not by a SnapshotReader: what else it can do takes longer to load than this to run.
    const opened = await openSnapshot(source);
    const { totals, statuses } = opened.kind === 'sealed' ? opened.root : { totals: null, statuses: [] };
    return {
      path: snapshotPath(snapshot),
      length: source.size,
      manifest: opened.manifest,
      sealed: opened.kind === 'sealed',
      totals,
      statuses,
      complete: totals === null ? null : !statuses.some(({ status }) => isIncomplete(status)),
    };
  } finally {
    await source.close();
  }
}
