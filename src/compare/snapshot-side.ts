import { createHash, type Hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { comparePaths, parentOf } from '../format/path-order.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import type { Selection } from '../patterns/selection.ts';
import { visitForeign } from '../read/foreign/read-foreign.ts';
import type { ForeignArchive, OpenSnapshot, SealedSnapshot } from '../read/open-snapshot.ts';
import { blocksFor, readValidatedBlock } from '../read/read-entries.ts';
import type { Side } from './side.ts';

/** Node.js sets times to the microsecond, so a restore brings back no more than that. */
const TIME_UNIT_NS = 1000;

/** A snapshot as a side of a comparison. */
export async function snapshotSide(
  opened: OpenSnapshot,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<Side> {
  const common = {
    digest: async ({ sha256 }: Entry) => sha256 as string,
    live: false,
    unreadable: [],
  };
  if (opened.kind === 'sealed')
    return { ...common, entries: () => sealedEntries(opened, selection), timeUnit: TIME_UNIT_NS, implies: () => false };
  const entries = await foreignEntries(opened, selection, signal);
  const parents = new Set<string>();
  for (const { path } of entries) for (let at = parentOf(path); at !== ''; at = parentOf(at)) parents.add(at);
  return { ...common, entries: () => entries, timeUnit: 1_000_000_000, implies: (path) => parents.has(path) };
}

/** A block of the index at a time. */
async function* sealedEntries(
  snapshot: SealedSnapshot,
  selection: Selection | null,
): AsyncGenerator<Entry[], void, void> {
  for await (const { number } of blocksFor(snapshot, selection)) {
    const { entries } = await readValidatedBlock(snapshot, number, ANY_PLATFORM);
    yield entries.map(({ headerBlocks: _, ...entry }) => entry);
  }
}

/** All of them at once: their order is free, and only reading them to their end gives their digests. */
async function foreignEntries(
  { source }: ForeignArchive,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
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
  const { validator } = await visitForeign(source, collector, ANY_PLATFORM, signal);
  const [problem] = validator.problems;
  if (problem !== undefined) throw new BackupError(problem.code, problem.message, { path: problem.paths[0] });
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}
