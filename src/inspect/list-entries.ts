import { setImmediate } from 'node:timers/promises';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { compileSelection, SELECTION_SHAPE, type SelectionOptions } from '../patterns/selection.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption } from '../storage/open-reader.ts';
import { throwIfAborted } from '../workers/abort.ts';

/** Options of `listEntries`. Without `paths` and `sections`, all entries are listed. */
export interface ListOptions extends SnapshotOption, SelectionOptions, OperationOptions {}

const listOptionsSchema = optionsSchema<ListOptions>(
  { ...SELECTION_SHAPE, ...OPERATION_SHAPE, snapshot: snapshotSchema },
  ['snapshot'],
);

/**
 * Lists the entries of a snapshot, in its order. Only the blocks of the index that can hold what is asked for are read, one at a time. A foreign
 * archive has to be read to its end.
 *
 * The index is verified as it is read; the contents of files are not. If nothing is found, that is no error: the listing is empty.
 *
 * @throws BackupError `SNAPSHOT_MISSING`, `ABORTED`, or one of kind `invalid`; also in the middle of the listing
 */
export async function* listEntries(options: ListOptions): AsyncGenerator<Entry, void, void> {
  checkOptions(listOptionsSchema, options);
  const selection = compileSelection(options);
  const source = await openReader(options.snapshot, { signal: options.signal });
  try {
    const reader = await openSnapshotReader(source);
    for await (const run of reader.entries(selection, options.signal)) {
      yield* run;
      await setImmediate();
      throwIfAborted(options.signal);
    }
  } finally {
    await source.close();
  }
}
