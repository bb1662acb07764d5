import { checkOptions, locationSchema, optionsSchema, snapshotSchema, toPath } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption, snapshotPath } from '../storage/open-reader.ts';
import { VERIFY_SHAPE, type VerifyOptions, type VerifyResult, verifySource } from '../verify/verify-snapshot.ts';
import { compareSides } from './compare-sides.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { directorySide } from './directory-side.ts';
import { snapshotSide } from './snapshot-side.ts';

/** Options of `compareWithDirectory`. */
export interface CompareOptions extends SnapshotOption, VerifyOptions {
  /** Path or `file:` URL of the directory to compare with. */
  directory: string | URL;
}

const compareOptionsSchema = optionsSchema<CompareOptions>(
  { ...VERIFY_SHAPE, snapshot: snapshotSchema, directory: locationSchema },
  ['snapshot', 'directory'],
);

/** What differs between a verified snapshot and a directory. */
export interface DirectoryComparison extends Difference {
  /** The verification of the snapshot. */
  verify: VerifyResult;
  /** False when the snapshot is not valid. Then nothing was compared. */
  compared: boolean;
}

/**
 * Verifies a snapshot, then compares it with a directory. `removed` is what the directory lacks, `added` what only it has, `changed` what differs in
 * content, mode, time or target of a link. Every file is read. Times are compared to the microsecond, which is what Node can set.
 *
 * What `createSnapshot` would exclude is not compared.
 *
 * @returns the differences; a snapshot that is not valid is a result, not an error
 * @throws BackupError when the snapshot or the directory cannot be read at all
 */
export async function compareWithDirectory(options: CompareOptions): Promise<DirectoryComparison> {
  checkOptions(compareOptionsSchema, options);
  const { snapshot } = options;
  const directory = toPath(options.directory);
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    const verify = await verifySource(source, options);
    if (!verify.valid) return { ...new DifferenceBuilder().finish([]), same: false, verify, compared: false };
    const opened = await openSnapshotReader(source);
    const path = snapshotPath(snapshot);
    const live = directorySide(directory, opened.manifest, source.descriptor, path, options);
    const side = await snapshotSide(opened, null, options.signal);
    return { ...(await compareSides(side, live, null, true, options)), verify, compared: true };
  } finally {
    await source.close();
  }
}
