import type { Entry } from '../format/entry.ts';
import { parentOf } from '../format/path-order.ts';
import type { Selection } from '../patterns/selection.ts';
import type { SnapshotReader } from '../read/snapshot-reader.ts';
import type { Side } from './side.ts';

/** A snapshot as a side of a comparison. */
export async function snapshotSide(
  snapshot: SnapshotReader,
  selection: Selection | null,
  signal: AbortSignal | undefined,
): Promise<Side> {
  const side = {
    digest: async ({ sha256 }: Entry) => sha256 as string,
    timeUnit: snapshot.timeUnit,
    live: false,
    unreadable: [],
    totals: selection === null ? snapshot.totals : null,
  };
  if (snapshot.namesDirectories)
    return { ...side, entries: () => snapshot.orderedEntries(selection, signal), implies: () => false };
  const entries: Entry[] = [];
  const parents = new Set<string>();
  for await (const run of snapshot.orderedEntries(selection, signal)) {
    for (const entry of run) {
      entries.push(entry);
      for (let at = parentOf(entry.path); at !== ''; at = parentOf(at)) parents.add(at);
    }
  }
  return { ...side, entries: () => entries, implies: (path) => parents.has(path) };
}
