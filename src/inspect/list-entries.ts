import { setImmediate } from 'node:timers/promises';
import * as z from 'zod/mini';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { CompletionFilter } from '../patterns/completion-filter.ts';
import { compileSelection, type EntryFilter, SELECTION_SHAPE, type SelectionOptions } from '../patterns/selection.ts';
import { openSnapshotReader } from '../read/open-snapshot-reader.ts';
import { openReader, type SnapshotOption } from '../storage/open-reader.ts';
import { throwIfAborted } from '../workers/abort.ts';

/** Options of `listEntries`. Without `paths` and `sections`, all entries are listed. */
export interface ListOptions extends SnapshotOption, SelectionOptions, OperationOptions {
  /**
   * The beginning of a path. Only the entries that complete it up to the next `/` are listed: for `sess` the directory `sessions`, for `sessions/`
   * what is in it, for an empty text the top. Excludes `paths` and `sections`.
   */
  prefix?: string;
}

/** The empty one is that of the top. */
const prefixSchema = z.string('a text');

const listOptionsSchema = optionsSchema<ListOptions>(
  { ...SELECTION_SHAPE, ...OPERATION_SHAPE, snapshot: snapshotSchema, prefix: prefixSchema },
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
  const selection = filterOf(options);
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

function filterOf({ prefix, paths, sections }: ListOptions): EntryFilter | null {
  if (prefix === undefined) return compileSelection({ ...(paths && { paths }), ...(sections && { sections }) });
  if (paths === undefined && sections === undefined) return new CompletionFilter(prefix);
  throw new BackupError('USAGE', 'a prefix cannot be combined with paths or sections', {
    hint: 'Give either prefix, or paths and sections.',
  });
}
