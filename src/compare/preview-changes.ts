import { setImmediate } from 'node:timers/promises';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { isBelow } from '../format/path-order.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { databaseSideFiles } from '../state-dir/merge/database-side-files.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { type Aspect, differingAspects, sameInstant } from './change.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { fileDigest } from './file-digest.ts';
import { joinPaths } from './join-paths.ts';

const ENTRIES_PER_TURN = 1000;
const SIDE_FILE = /^-(?:wal|shm|journal)$/;

/** What a restore would change, and of what stands there how many things a merge keeps. */
export type PreviewedChanges = Omit<Difference, 'same' | 'unreadable'> & { kept: number };

/**
 * Compares what stands in a directory with what would be written there.
 *
 * @param standing what stands there, in the order of a snapshot
 * @param planned what would be written, in the same order
 * @param merge whether what is not written over stays
 * @param timeUnit finest difference between times that the snapshot tells, in nanoseconds
 */
export async function previewChanges(
  target: string,
  standing: Iterable<Entry>,
  planned: EntryRuns,
  merge: boolean,
  timeUnit: number,
  { signal }: OperationOptions,
): Promise<PreviewedChanges> {
  const builder = new DifferenceBuilder();
  const rules = new MergeRules(target);
  let kept = 0;
  let entries = 0;
  for await (const [live, entry] of joinPaths(standing, planned)) {
    if (++entries % ENTRIES_PER_TURN === 0) {
      await setImmediate();
      throwIfAborted(signal);
    }
    if (merge && rules.keeps(live, entry)) kept++;
    else if (live === null || entry === null) builder.add(live, entry, []);
    else builder.add(live, entry, await aspectsOf(target, live, entry, timeUnit, signal));
  }
  const { changes, sections, totals } = builder.finish([]);
  return { changes, sections, totals, kept };
}

/** Tells what a merge keeps of what stands there; see `planMerge`, which does it. Entries come in order. */
class MergeRules {
  readonly #target: string;
  /** Planned entries whose paths the path at hand begins with, and what stands in their places. */
  #planned: { entry: Entry; live: Entry | null }[] = [];

  constructor(target: string) {
    this.#target = target;
  }

  /** Whether what stands there stays as it is. */
  keeps(live: Entry | null, planned: Entry | null): boolean {
    const { path } = (live ?? planned) as Entry;
    this.#planned = this.#planned.filter(({ entry }) => path.startsWith(entry.path));
    if (planned !== null) {
      this.#planned.push({ entry: planned, live });
      return false;
    }
    return !this.#planned.some(
      (each) =>
        (each.entry.type !== 'directory' && isBelow(path, each.entry.path)) ||
        (!meetsAsDirectory(each) && this.#goesWith(each.entry.path, path)),
    );
  }

  /** Whether `path` is a side file of the database that is exchanged. */
  #goesWith(database: string, path: string): boolean {
    const suffix = path.slice(database.length);
    if (!SIDE_FILE.test(suffix)) return false;
    const { goes } = databaseSideFiles(Buffer.from(`${this.#target}/${database}`));
    return goes.some((each) => each.toString() === suffix);
  }
}

/** A directory that is gone into, or is new as a whole. */
function meetsAsDirectory({ entry, live }: { entry: Entry; live: Entry | null }): boolean {
  return entry.type === 'directory' && (live === null || live.type === 'directory');
}

async function aspectsOf(
  target: string,
  live: Entry,
  planned: Entry,
  timeUnit: number,
  signal: AbortSignal | undefined,
): Promise<Aspect[]> {
  const isName = planned.type === 'hardlink' && live.type === 'file';
  const { link: _, ...asFile } = planned;
  const aspects = differingAspects(live, isName ? { ...asFile, type: 'file' } : planned, { timeUnit, owners: false });
  if (live.type !== 'file' || planned.type !== 'file') return aspects;
  if (await differs(`${target}/${live.path}`, live, planned, timeUnit, signal)) aspects.unshift('content');
  return aspects;
}

async function differs(
  absolute: string,
  live: Entry,
  planned: Entry,
  timeUnit: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (live.size !== planned.size) return true;
  if (sameInstant(live, planned, timeUnit)) return false;
  try {
    return planned.sha256 === undefined || (await fileDigest(absolute, signal)) !== planned.sha256;
  } catch {
    throwIfAborted(signal);
    // What cannot be read cannot be said to be the same.
    return true;
  }
}
