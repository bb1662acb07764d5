import { setImmediate } from 'node:timers/promises';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { isBelow } from '../format/path-order.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { type MergeAction, mergeActionFor, sideFilesOf } from '../state-dir/merge/merge-rules.ts';
import { bytePath } from '../system/byte-path.ts';
import { SIDE_FILE_SUFFIXES } from '../system/sqlite-files.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { type Aspect, differingAspects, sameInstant } from './change.ts';
import { type Difference, DifferenceBuilder } from './difference.ts';
import { fileDigest } from './file-digest.ts';
import { joinPaths } from './join-paths.ts';

const ENTRIES_PER_TURN = 1000;
const SIDE_FILES: readonly string[] = SIDE_FILE_SUFFIXES;

/** What a restore would change, and how many things of what is there a merge keeps. */
export type PreviewedChanges = Omit<Difference, 'same' | 'unreadable'> & { kept: number };

/**
 * Compares what is in a directory with what would be written there.
 *
 * @param standing what is there, in the order of a snapshot
 * @param planned what would be written, in the same order
 * @param merge whether what is not written over stays
 * @param timeUnit finest difference between times that the snapshot holds, in nanoseconds
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
  const rules = new KeptByMerge(target);
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
  const { changes, sections, outsideSections, totals } = builder.finish([]);
  return { changes, sections, outsideSections, totals, kept };
}

/** What a merge keeps of what is there. Entries come in order. */
class KeptByMerge {
  readonly #target: string;
  /** Planned entries whose paths the current path begins with, and what a merge does with each. */
  #planned: { path: string; isDirectory: boolean; action: MergeAction }[] = [];

  constructor(target: string) {
    this.#target = target;
  }

  /** Whether what is there stays as it is. */
  keeps(live: Entry | null, planned: Entry | null): boolean {
    const { path } = (live ?? planned) as Entry;
    this.#planned = this.#planned.filter((each) => path.startsWith(each.path));
    if (planned === null) return !this.#planned.some((each) => this.#takesOut(each, path));
    const isDirectory = planned.type === 'directory';
    const action = mergeActionFor(live === null ? null : live.type === 'directory', isDirectory);
    this.#planned.push({ path: planned.path, isDirectory, action });
    return false;
  }

  #takesOut(planned: { path: string; isDirectory: boolean; action: MergeAction }, path: string): boolean {
    if (isBelow(path, planned.path)) return planned.action === 'exchange';
    const suffix = path.slice(planned.path.length);
    if (!SIDE_FILES.includes(suffix)) return false;
    const live = bytePath(`${this.#target}/${planned.path}`);
    const { goes } = sideFilesOf(live, planned.action, planned.isDirectory);
    return goes.some((each) => each.toString() === suffix);
  }
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
