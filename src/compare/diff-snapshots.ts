import { existsSync, statSync } from 'node:fs';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { checkOptions, flagSchema, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { compileSelection, SELECTION_SHAPE, type SelectionOptions } from '../patterns/selection.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotInput, snapshotPath } from '../storage/open-reader.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { compareSides } from './compare-sides.ts';
import type { Difference } from './difference.ts';
import { directorySide } from './directory-side.ts';
import { snapshotSide } from './snapshot-side.ts';

/** Options of `diffSnapshots`. */
export interface DiffOptions extends OperationOptions, SelectionOptions {
  /** The snapshot to compare from. */
  before: SnapshotInput;
  /** The snapshot to compare to, or the path of a directory. */
  after: SnapshotInput;
  /**
   * Compare the content of every file with a directory. Without it, a file of the same size and time (to the microsecond) counts as unchanged.
   * Between two snapshots contents are always compared, by their SHA-256.
   *
   * @default false
   */
  checksum?: boolean;
}

const diffOptionsSchema = optionsSchema<DiffOptions>(
  { ...OPERATION_SHAPE, ...SELECTION_SHAPE, before: snapshotSchema, after: snapshotSchema, checksum: flagSchema },
  ['before', 'after'],
);

/**
 * Finds what changed from a snapshot to another one, or to a directory.
 *
 * Two sealed snapshots are compared by their indexes alone, block by block. A foreign archive is read to its end. Of a directory, what
 * `createSnapshot` would exclude with the patterns of the snapshot is not compared. Owners are compared between snapshots only.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, `ENTRY_NOT_FOUND` when what was asked for by name is on neither side, `ABORTED`, `PERMISSION`, or one of kind `invalid`
 */
export async function diffSnapshots(options: DiffOptions): Promise<Difference> {
  checkOptions(diffOptionsSchema, options);
  const { before, after, signal, checksum = false } = options;
  const other = snapshotPath(after);
  const selection = compileSelection(options);
  const sources: RangeReader[] = [];
  try {
    const open = async (snapshot: SnapshotInput) => {
      const source = await openReader(snapshot, { signal });
      sources.push(source);
      return openSnapshotReader(source);
    };
    const first = await open(before);
    const second =
      other !== null && isDirectory(other)
        ? directorySide(other, first.manifest, first.source.descriptor, snapshotPath(before), options)
        : await snapshotSide(await open(after).catch(explainMissing), selection, signal);
    return await compareSides(await snapshotSide(first, selection, signal), second, selection, checksum, options);
  } finally {
    for (const source of sources) await source.close();
  }
}

/** Of the other side it may be the directory that is missing. */
function explainMissing(error: unknown): never {
  const isMissing = error instanceof BackupError && error.code === 'SNAPSHOT_MISSING';
  if (!isMissing || error.path === undefined || existsSync(error.path)) throw error;
  const { code, path, cause } = error;
  throw new BackupError(code, `there is neither a snapshot nor a directory at ${path}`, {
    path,
    hint: 'Check the path. A state directory is named by `stateDir`.',
    cause,
  });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
