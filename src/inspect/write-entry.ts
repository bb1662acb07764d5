import type { Writable } from 'node:stream';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import {
  checkArgument,
  checkOptions,
  operationSchema,
  snapshotSchema,
  textSchema,
  writableSchema,
} from '../options.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { EntryOutput } from './entry-output.ts';

/**
 * Writes the content of one file of a snapshot to a stream, which is not ended. Reads the index block and the members that hold it; an
 * foreign archive is read twice, first to verify it.
 *
 * A file of up to 16 MiB is verified before any of it is written. A larger one is verified while it is written: **what was
 * written counts only when the promise resolves**.
 *
 * @param snapshot path of the file, or a stream of it
 * @param path of the entry, as it is listed; a hard link's content is that of the file that it names
 * @returns the entry whose content it is
 * @throws BackupError `ENTRY_NOT_FOUND` also for what has no content, `OUTPUT_UNWRITABLE`, or a code whose exit status is 4
 */
export async function writeEntry(
  snapshot: SnapshotInput,
  path: string,
  output: Writable,
  options: OperationOptions = {},
): Promise<Entry> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkArgument('path', textSchema, path);
  checkArgument('output', writableSchema, output);
  checkOptions(operationSchema, options);
  const source = await openReader(snapshot, { signal: options.signal });
  const taker = new EntryOutput(output);
  try {
    const reader = await openSnapshotReader(source);
    return await reader.readContent(path, (content) => taker.write(content), options.signal);
  } finally {
    taker.release();
    await source.close();
  }
}
