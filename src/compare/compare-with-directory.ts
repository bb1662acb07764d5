import { checkArgument, checkOptions, pathSchema, snapshotSchema } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { type VerifyOptions, type VerifyResult, verifyOptionsSchema, verifySource } from '../verify/verify-snapshot.ts';
import { compareSides } from './compare-sides.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { directorySide } from './directory-side.ts';
import { snapshotSide } from './snapshot-side.ts';

/** A verified snapshot beside a directory. */
export interface DirectoryComparison extends Difference {
  verify: VerifyResult;
  /** False when the snapshot is not valid: what is not verified is compared with nothing. */
  compared: boolean;
}

/**
 * Verifies a snapshot, then compares it with a directory: `removed` is what the directory lacks, `added` what it has besides, `changed` what
 * differs, in content (every file is read), mode, time (to the microsecond: Node sets no more), or where a link leads. What
 * `createBackup` would leave out is not looked at.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError when the snapshot or the directory cannot be read at all; a snapshot that is not valid is a result
 */
export async function compareWithDirectory(
  snapshot: SnapshotInput,
  directory: string,
  options: VerifyOptions = {},
): Promise<DirectoryComparison> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkArgument('directory', pathSchema, directory);
  checkOptions(verifyOptionsSchema, options);
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    const verify = await verifySource(source, options);
    if (!verify.valid) return { ...new DifferenceBuilder().finish([]), same: false, verify, compared: false };
    const opened = await openSnapshotReader(source);
    const path = typeof snapshot === 'string' ? snapshot : null;
    const live = directorySide(directory, opened.manifest.excludes ?? [], source.descriptor, path, options);
    const side = await snapshotSide(opened, null, options.signal);
    return { ...(await compareSides(side, live, null, true, options)), verify, compared: true };
  } finally {
    await source.close();
  }
}
