import { setImmediate } from 'node:timers/promises';
import type { EstimatedTotals, OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { isBelow } from '../format/path-order.ts';
import type { Selection } from '../patterns/selection.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { differingAspects, sameInstant } from './change.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { joinPaths } from './join-paths.ts';
import type { Side } from './side.ts';

const ENTRIES_PER_TURN = 1000;

/**
 * Compares two states, entry by entry.
 *
 * @param checksum compare contents also where size and time are the same
 * @throws BackupError `ENTRY_NOT_FOUND` when something that was asked for by name is on neither side
 */
export async function compareSides(
  before: Side,
  after: Side,
  selection: Selection | null,
  checksum: boolean,
  { signal, onEvent }: OperationOptions,
): Promise<Difference> {
  const builder = new DifferenceBuilder();
  const live = before.live || after.live;
  const precision = { timeUnit: Math.max(before.timeUnit, after.timeUnit), owners: !live };
  const unreadable = () => [...before.unreadable, ...after.unreadable];
  // Times of whole seconds are too coarse to show that nothing was written.
  const thorough = checksum || !live || precision.timeUnit > 1000;
  onEvent?.({ type: 'phase', phase: 'check' });
  let entries = 0;
  let bytes = 0;
  for await (const [a, b] of joinPaths(before.entries(), after.entries())) {
    const { path, type } = (a ?? b) as Entry;
    if (selection !== null && !selection.wants(path, type === 'directory')) continue;
    bytes += Math.max(a?.size ?? 0, b?.size ?? 0);
    if (++entries % ENTRIES_PER_TURN === 0) {
      await setImmediate();
      throwIfAborted(signal);
      onEvent?.({ type: 'progress', phase: 'check', entries, bytes, ...expected(before, after, entries, bytes) });
    }
    if (a === null || b === null) {
      // What lies below a directory that could not be listed is not gone.
      const unknown = b === null && after.unreadable.some((at) => at.path === path || isBelow(path, at.path));
      const implied = type === 'directory' && (a === null ? before : after).implies(path);
      if (!unknown && !implied) builder.add(a, b, []);
      continue;
    }
    const aspects = differingAspects(a, b, precision);
    if (
      a.type === 'file' &&
      b.type === 'file' &&
      (await differentContent(a, b, thorough || !sameInstant(a, b, precision.timeUnit), before, after))
    )
      aspects.unshift('content');
    builder.add(a, b, aspects);
  }
  throwIfAborted(signal);
  selection?.assertFound(entries, 'what is compared');
  onEvent?.({ type: 'progress', phase: 'check', entries, bytes, ...expected(before, after, entries, bytes) });
  return builder.finish(unreadable());
}

/** About as much as the larger side holds; nothing where there is more already. */
function expected(before: Side, after: Side, entries: number, bytes: number): Partial<EstimatedTotals> {
  const known = [before.totals, after.totals].filter((totals) => totals !== null);
  const totalEntries = Math.max(...known.map((totals) => totals.entries));
  const totalBytes = Math.max(...known.map((totals) => totals.bytes));
  return entries > totalEntries || bytes > totalBytes ? {} : { totalEntries, totalBytes, estimated: true };
}

async function differentContent(a: Entry, b: Entry, look: boolean, before: Side, after: Side): Promise<boolean> {
  if (a.size !== b.size) return true;
  if (!look) return false;
  a.sha256 ??= (await before.digest(a)) ?? '';
  const digest = await after.digest(b);
  if (digest === null) return false;
  b.sha256 = digest;
  return a.sha256 !== digest;
}
