import { PassThrough, type Readable } from 'node:stream';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema, textSchema } from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption } from '../storage/open-reader.ts';

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
  const content = new PassThrough();
  writeContent(content, options).then(
    () => content.end(),
    // A stream that its reader destroyed needs no error.
    (error: Error) => content.destroyed || content.destroy(error),
  );
  return content;
}

async function writeContent(content: PassThrough, { snapshot, path, signal }: OpenEntryOptions): Promise<void> {
  const source = await openReader(snapshot, { signal });
  try {
    const reader = await openSnapshotReader(source);
    await reader.readContent(path, (bytes) => writeTo(content, bytes), signal);
  } finally {
    await source.close();
  }
}

/** Resolves when the reader has room for more. */
async function writeTo(content: PassThrough, bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      content.off('close', done);
      resolve();
    };
    // A stream that is closed during the write does not call back.
    content.once('close', done);
    content.write(bytes, done);
  });
  if (content.destroyed) throw new BackupError('ABORTED', 'whoever was reading the content went away');
}
