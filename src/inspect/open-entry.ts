import { PassThrough, type Readable } from 'node:stream';
import type { OperationOptions } from '../events.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema, textSchema } from '../options.ts';
import type { SnapshotOption } from '../storage/open-reader.ts';
import { writeEntry } from './write-entry.ts';

/** Options of `openEntry`. */
export interface OpenEntryOptions extends SnapshotOption, OperationOptions {
  /** Path of the file, as `listEntries` has it. The content of a hard link is that of the file that it names. */
  path: string;
}

const openEntrySchema = optionsSchema<OpenEntryOptions>(
  { ...OPERATION_SHAPE, snapshot: snapshotSchema, path: textSchema },
  ['snapshot', 'path'],
);

/**
 * Opens one file of a snapshot for reading. Only its block of the index and its members are read. A foreign archive is read twice, first to
 * verify it.
 *
 * A file of up to 16 MiB is verified before any of it is handed out. A larger one is verified while it is read: **use what was read only when the
 * stream has ended without an error**.
 *
 * @returns a stream of the content. It fails with a BackupError: `SNAPSHOT_MISSING`, `ENTRY_NOT_FOUND` (also for a directory), `ABORTED`, or one
 *   of kind `invalid`
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
