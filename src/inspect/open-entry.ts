import { PassThrough, type Readable } from 'node:stream';
import type { OperationOptions } from '../events.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema, textSchema } from '../options.ts';
import type { SnapshotOption } from '../storage/open-reader.ts';
import { writeEntry } from './write-entry.ts';

/** One file of a snapshot. */
export interface OpenEntryOptions extends SnapshotOption, OperationOptions {
  /** Path of the entry, as it is listed; a hard link's content is that of the file that it names. */
  path: string;
}

const openEntrySchema = optionsSchema<OpenEntryOptions>(
  { ...OPERATION_SHAPE, snapshot: snapshotSchema, path: textSchema },
  ['snapshot', 'path'],
);

/**
 * Opens one file of a snapshot for reading. The index block and the members that hold it are read; an archive from elsewhere
 * is read twice, first to verify it.
 *
 * A file of up to 16 MiB is verified before any of it is handed out. A larger one is verified on the way: **what was read
 * counts only when the stream ends without an error**.
 *
 * @returns a stream of the content; it fails with a BackupError: `SNAPSHOT_MISSING`, `ENTRY_NOT_FOUND` also for what has no
 *   content, `ABORTED`, or a code whose exit status is 4
 * @throws BackupError `USAGE`
 */
export function openEntry(options: OpenEntryOptions): Readable {
  checkOptions(openEntrySchema, options);
  const { snapshot, path, ...operation } = options;
  const content = new PassThrough();
  writeEntry(snapshot, path, content, operation).then(
    () => content.end(),
    // Whoever destroyed the stream has what they wanted.
    (error: Error) => content.destroyed || content.destroy(error),
  );
  return content;
}
