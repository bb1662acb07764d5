import type { Entry } from '../format/entry.ts';
import type { RecordedStatus, Totals } from '../format/index-root.ts';
import type { Manifest } from '../format/manifest.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import type { EntryFilter, Selection } from '../patterns/selection.ts';
import type { RangeReader } from '../storage/range-reader.ts';
import { throwIfAborted } from '../workers/abort.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { blocksFor, type EntryRuns, readValidatedBlock } from './read-entries.ts';
import { readSealedContent } from './sealed-content.ts';
import type { SnapshotReader, Verification, VerificationOptions } from './snapshot-reader.ts';
import { verifySealed } from './verify-sealed.ts';

/** A snapshot of ours. Its entries are read from the index, a block at a time. */
export class SealedReader implements SnapshotReader {
  readonly source: RangeReader;
  readonly manifest: Manifest;
  readonly sealed = true;
  readonly totals: Totals;
  readonly statuses: RecordedStatus[];
  /** Node.js sets times to the microsecond. */
  readonly timeUnit = 1000;
  readonly namesDirectories = true;
  readonly #snapshot: SealedSnapshot;

  constructor(snapshot: SealedSnapshot) {
    this.#snapshot = snapshot;
    this.source = snapshot.source;
    this.manifest = snapshot.manifest;
    this.totals = snapshot.root.totals;
    this.statuses = snapshot.root.statuses;
  }

  async *entries(selection: EntryFilter | null, signal: AbortSignal | undefined): EntryRuns {
    for await (const { number } of blocksFor(this.#snapshot, selection)) {
      throwIfAborted(signal);
      const { entries } = await readValidatedBlock(this.#snapshot, number, ANY_PLATFORM);
      const run: Entry[] = [];
      for (const { headerBlocks: _, ...entry } of entries)
        if (selection === null || selection.wants(entry.path, entry.type === 'directory')) run.push(entry);
      yield run;
    }
  }

  orderedEntries(selection: Selection | null, signal: AbortSignal | undefined): EntryRuns {
    return this.entries(selection, signal);
  }

  verify(options: VerificationOptions): Promise<Verification> {
    return verifySealed(this.#snapshot, options);
  }

  readContent(
    path: string,
    write: (content: Uint8Array) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Entry> {
    return readSealedContent(this.#snapshot, path, write, signal);
  }
}
