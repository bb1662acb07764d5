import { checkOptions, locationSchema, optionsSchema, snapshotSchema, toPath } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption, snapshotPath } from '../storage/open-reader.ts';
import { VERIFY_SHAPE, type VerifyOptions, type VerifyResult, verifySource } from '../verify/verify-snapshot.ts';
import { compareSides } from './compare-sides.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { directorySide } from './directory-side.ts';
import { snapshotSide } from './snapshot-side.ts';

export interface CompareOptions extends SnapshotOption, VerifyOptions {
  /** The directory to compare with. */
  directory: string | URL;
}

const compareOptionsSchema = optionsSchema<CompareOptions>(
  { ...VERIFY_SHAPE, snapshot: snapshotSchema, directory: locationSchema },
  ['snapshot', 'directory'],
);

/** A verified snapshot beside a directory. */
export interface DirectoryComparison extends Difference {
  verify: VerifyResult;
  /** False when the snapshot is not valid: what is not verified is compared with nothing. */
  compared: boolean;
}

/**
 * Verifies a snapshot, then compares it with a directory: `removed` is what the directory lacks, `added` what it has besides, `changed` what
 * differs, in content (every file is read), mode, time (to the microsecond: Node sets no more), or where a link leads. What
 * `createSnapshot` would leave out is not looked at.
 *
 * @throws BackupError when the snapshot or the directory cannot be read at all; a snapshot that is not valid is a result
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
    const live = directorySide(directory, opened.manifest.excludes ?? [], source.descriptor, path, options);
    const side = await snapshotSide(opened, null, options.signal);
    return { ...(await compareSides(side, live, null, true, options)), verify, compared: true };
  } finally {
    await source.close();
  }
}
