import { setImmediate } from 'node:timers/promises';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import { checkArgument, checkOptions, OPERATION_SHAPE, optionsSchema, snapshotSchema } from '../options.ts';
import { compileSelection, SELECTION_SHAPE, type Selection, type SelectionOptions } from '../patterns/selection.ts';
import { stepForeign } from '../read/foreign/read-foreign.ts';
import { type ForeignArchive, openSnapshot, type SealedSnapshot } from '../read/open-snapshot.ts';
import { blocksFor, readValidatedBlock } from '../read/read-entries.ts';
import { openReader, type SnapshotInput } from '../storage/open-reader.ts';
import { throwIfAborted } from '../workers/abort.ts';

const listOptionsSchema = optionsSchema<SelectionOptions & OperationOptions>({
  ...SELECTION_SHAPE,
  ...OPERATION_SHAPE,
});

/**
 * Lists the entries of a snapshot, in its order. Of the index only the blocks that can hold what is asked for are read, one at a time, and
 * of the members none; an archive from elsewhere has to be read to its end.
 *
 * What the index says of the entries is verified as it is read; their content is not (`verifySnapshot`). Nothing wanted found is
 * no error: the listing is empty.
 *
 * @param snapshot path of the file, or a stream of it
 * @throws BackupError `SNAPSHOT_MISSING`, `ABORTED`, or a code whose exit status is 4, also in the middle of the listing
 */
export async function* listEntries(
  snapshot: SnapshotInput,
  options: SelectionOptions & OperationOptions = {},
): AsyncGenerator<Entry, void, void> {
  checkArgument('snapshot', snapshotSchema, snapshot);
  checkOptions(listOptionsSchema, options);
  const selection = compileSelection(options);
  const source = await openReader(snapshot, { signal: options.signal });
  try {
    const opened = await openSnapshot(source);
    if (opened.kind === 'sealed') yield* listSealed(opened, selection, options.signal);
    else yield* listForeign(opened, selection, options.signal);
  } finally {
    await source.close();
  }
}

async function* listSealed(
  snapshot: SealedSnapshot,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry, void, void> {
  for await (const { number } of blocksFor(snapshot, selection)) {
    const { entries } = await readValidatedBlock(snapshot, number, ANY_PLATFORM);
    for (const { headerBlocks: _, ...entry } of entries) {
      if (selection === null || selection.wants(entry.path, entry.type === 'directory')) yield entry;
    }
    await setImmediate();
    throwIfAborted(signal);
  }
}

async function* listForeign(
  snapshot: ForeignArchive,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry, void, void> {
  let found: Entry[] = [];
  const collector = {
    begin(entry: Entry) {
      if (selection === null || selection.wants(entry.path, entry.type === 'directory')) found.push(entry);
    },
    part() {},
    end() {},
  };
  for await (const _ of stepForeign(snapshot.source, collector, ANY_PLATFORM, signal)) {
    yield* found;
    found = [];
  }
  yield* found;
}
