import { createHash, type Hash } from 'node:crypto';
import type { OperationOptions } from '../../events.ts';
import type { Entry } from '../../format/entry.ts';
import type { Manifest } from '../../format/manifest.ts';
import { comparePaths } from '../../format/path-order.ts';
import { ANY_PLATFORM } from '../../format/path-rules.ts';
import type { EntryFilter, Selection } from '../../patterns/selection.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { HERE } from '../../system/platform.ts';
import { problemError } from '../../validate/problem.ts';
import type { EntryRuns } from '../read-entries.ts';
import type { SnapshotReader, Verification } from '../snapshot-reader.ts';
import type { ArchiveValidator } from './archive-validator.ts';
import { readForeignContent } from './foreign-content.ts';
import { stepForeign, visitForeign } from './read-foreign.ts';

/** A foreign archive. It has to be read to its end for everything but its manifest. */
export class ForeignReader implements SnapshotReader {
  readonly source: RangeReader;
  readonly manifest: Manifest;
  readonly sealed = false;
  readonly totals = null;
  readonly statuses = [];
  /** Most tools write whole seconds. */
  readonly timeUnit = 1_000_000_000;
  readonly namesDirectories = false;

  constructor({ source, manifest }: { source: RangeReader; manifest: Manifest }) {
    this.source = source;
    this.manifest = manifest;
  }

  async *entries(selection: EntryFilter | null, signal: AbortSignal | undefined): EntryRuns {
    let found: Entry[] = [];
    const collector = {
      begin(entry: Entry) {
        if (selection === null || selection.wants(entry.path, entry.type === 'directory')) found.push(entry);
      },
      part() {},
      end() {},
    };
    for await (const _ of stepForeign(this.source, collector, ANY_PLATFORM, signal)) {
      yield found;
      found = [];
    }
    yield found;
  }

  /** All of them at once: their order is free, and only reading them to their end gives their digests. */
  async *orderedEntries(selection: Selection | null, signal: AbortSignal | undefined): EntryRuns {
    const entries: Entry[] = [];
    let hash: Hash | null = null;
    const collector = {
      begin(entry: Entry) {
        if (entry.type === 'file') hash = createHash('sha256');
      },
      part(_entry: Entry, content: Buffer) {
        hash?.update(content);
      },
      end(entry: Entry) {
        if (selection?.wants(entry.path, entry.type === 'directory') ?? true)
          entries.push(hash === null ? entry : { ...entry, sha256: hash.digest('hex') });
        hash = null;
      },
    };
    const { validator } = await visitForeign(this.source, collector, ANY_PLATFORM, signal);
    const [problem] = validator.problems;
    if (problem !== undefined) throw problemError(problem);
    yield entries.sort((a, b) => comparePaths(a.path, b.path));
  }

  async verify({ signal, onEvent }: OperationOptions): Promise<Verification> {
    onEvent?.({ type: 'phase', phase: 'check' });
    const archive = await this.#verifyEach(signal, onEvent);
    for (const notice of archive.notices()) onEvent?.({ type: 'notice', ...notice });
    const { validator } = archive;
    validator.validateManifest(this.manifest);
    return {
      problems: [...validator.problems],
      totals: validator.counts,
      externalLinks: validator.externalLinks(HERE.os),
    };
  }

  async #verifyEach(signal: AbortSignal | undefined, onEvent: OperationOptions['onEvent']): Promise<ArchiveValidator> {
    let entries = 0;
    let bytes = 0;
    const counter = {
      begin() {
        entries++;
      },
      part(_entry: Entry, content: Buffer) {
        bytes += content.length;
      },
      end() {},
    };
    const steps = stepForeign(this.source, counter, ANY_PLATFORM, signal);
    for (;;) {
      const step = await steps.next();
      if (step.done === true) return step.value;
      onEvent?.({ type: 'progress', phase: 'check', entries, bytes });
    }
  }

  readContent(
    path: string,
    write: (content: Uint8Array) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<Entry> {
    return readForeignContent(this.source, path, write, signal);
  }
}
