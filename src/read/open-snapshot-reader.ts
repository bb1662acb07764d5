import type { RangeReader } from '../storage/range-reader.ts';
import { ForeignReader } from './foreign/foreign-reader.ts';
import { openSnapshot } from './open-snapshot.ts';
import { SealedReader } from './sealed-reader.ts';
import type { SnapshotReader } from './snapshot-reader.ts';

/**
 * Reads the two ends of a snapshot, and gives what reads the rest.
 *
 * @throws BackupError one of kind `invalid`
 */
export async function openSnapshotReader(source: RangeReader): Promise<SnapshotReader> {
  const opened = await openSnapshot(source);
  return opened.kind === 'sealed' ? new SealedReader(opened) : new ForeignReader(opened);
}
