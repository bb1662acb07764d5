import { type BigIntStats, lstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../workers/abort.ts';
import { isStampedBefore } from './coarse-clock.ts';
import { listDirectory } from './directory-names.ts';
import type { Exclusions } from './exclusions.ts';
import { isWithinGranularity } from './file-state.ts';
import { GitNames } from './git/git-names.ts';
import { ScannedDirectory, typeOf } from './scanned-directory.ts';
import type { SeenTree } from './seen-tree.ts';
import { isPartOfDatabase } from './sqlite/side-files.ts';

/** How far the clock of a file system may be behind ours; a directory that seems changed for that is looked at once more. */
const CLOCK_SLACK_MS = 10_000;
const LOOKS_PER_TURN = 1000;

/** How often directories are looked at that keep changing: something may move from one that comes next to one that was just looked at. */
const ROUNDS = 5;

/**
 * So long after its last write a file is renamed by somebody who renames a document; whoever writes one anew does it under another name and renames
 * that at once. More than a tick of clocks that have whole seconds.
 */
const RENAMED_LATER_NS = 2_000_000_000n;

export interface FindMovedOptions {
  seen: SeenTree;
  exclusions: Exclusions;
  /** Whether something is gone that was listed: then what was renamed meanwhile may be it, though written anew. */
  isAnyDeleted: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Looks again at the directories that changed since the scan listed them, for what was there before the scan began and is in the snapshot
 * under no name: moved into a directory that was listed already, out of one that was not, or from under a name that was listed.
 * What was made meanwhile is not searched for, because a snapshot need not have it, unless it may be a document that was written anew and then renamed.
 * Directories that change under these looks are looked at several times.
 *
 * Call it when every file has been read.
 *
 * @param root absolute path of the state directory
 * @returns paths in no particular order; a directory also means all that it holds
 */
export async function* findMoved(root: string, options: FindMovedOptions): AsyncGenerator<string, void, void> {
  const { seen, signal } = options;
  const top = root.endsWith('/') ? root : `${root}/`;
  const changed: string[] = [];
  /** Directories in one that changed that were listed themselves, and are still the same. */
  const known = new Set<string>();
  /** Path of the directory at each depth, and whether it changed; null for one that is not there any more. */
  const levels: ({ path: string; changed: boolean } | null)[] = [];
  let looks = 0;
  for (const { depth, name, key, mtimeNs } of seen.directories()) {
    if (++looks % LOOKS_PER_TURN === 0) await breathe(signal);
    levels.length = depth;
    const parent = depth === 0 ? null : levels[depth - 1];
    if (parent === null && depth > 0) {
      levels.push(null);
      continue;
    }
    const path = depth === 0 ? '' : `${parent?.path ?? ''}${name}/`;
    const stat = look(depth === 0 ? top : top + path.slice(0, -1));
    if (stat === null || !stat.isDirectory() || seen.keyOf(stat) !== key) {
      levels.push(null);
      continue;
    }
    const isChanged =
      BigInt.asIntN(64, stat.mtimeNs) !== mtimeNs || Number(stat.mtimeNs) / 1e6 > seen.beganMs - CLOCK_SLACK_MS;
    if (parent?.changed) known.add(path);
    if (isChanged) changed.push(path);
    levels.push({ path, changed: isChanged });
  }
  const named = new Set<number>();
  for (let round = 0, next = changed; next.length > 0 && round < ROUNDS; round++) {
    const changing: [string, bigint][] = [];
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      const { mtimeNs = 0n } = look(top + path) ?? {};
      changing.push([path, isWithinGranularity(mtimeNs, Date.now()) ? 0n : mtimeNs]);
      for (const found of lookThrough(top, path, known, options)) {
        if (++looks % LOOKS_PER_TURN === 0) await breathe(signal);
        if (found.kind === 'directory') next.push(found.path);
        if (found.kind !== 'lost' || named.has(found.key)) continue;
        named.add(found.key);
        yield found.path;
      }
    }
    next = changing.filter(([path, mtimeNs]) => look(top + path)?.mtimeNs !== mtimeNs).map(([path]) => path);
  }
}

async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfAborted(signal);
}

interface Found {
  /** `lost`; a `directory` to look through; or `nothing`, so that the caller can yield to the event loop. */
  kind: 'lost' | 'directory' | 'nothing';
  path: string;
  key: number;
}

function* lookThrough(
  top: string,
  inside: string,
  known: ReadonlySet<string>,
  { seen, exclusions, isAnyDeleted }: FindMovedOptions,
): Generator<Found, void, void> {
  const names = namesIn(top + inside);
  const git = /^(?:.*\/)?\.git\//.exec(inside)?.[0];
  const directory = new ScannedDirectory(inside, top + inside, names, git === undefined ? null : new GitNames(git));
  for (const name of names) {
    const path = inside + name;
    if (exclusions.patternFor(directory, name) !== null) continue;
    const stat = look(top + path);
    if (stat === null || known.has(`${path}/`)) continue;
    const type = typeOf(stat);
    const key = seen.keyOf(stat);
    const accounted = seen.isAccountedFor(stat);
    // A directory that was moved as a whole was looked at under its old name, and what is in it perhaps not.
    if (type === 'directory' && (accounted || !wasThere(stat, seen.beganMs))) {
      if (exclusions.reasonFor(directory, name, type, stat) === null)
        yield { kind: 'directory', path: `${path}/`, key };
      continue;
    }
    const isLost =
      !accounted &&
      (wasThere(stat, seen.beganMs) || (isAnyDeleted && wasRenamedLater(stat))) &&
      exclusions.reasonFor(directory, name, type, stat) === null &&
      (type !== 'file' || !isPartOfDatabase(top + path));
    yield { kind: isLost ? 'lost' : 'nothing', path, key };
  }
}

/**
 * Whether a thing was there before the scan began. Its birth time shows it, where the file system knows that (it is not the time of the last
 * change); else its last write, for moving something writes nothing.
 */
function wasThere(stat: BigIntStats, beganMs: number): boolean {
  const since = birthOf(stat) ?? stat.mtimeNs;
  // Stamped by a clock that was ahead: not just now.
  return isStampedBefore(since, beganMs) || Number(since) / 1e6 > Date.now() + CLOCK_SLACK_MS;
}

/** Whether a file got its name some time after it was made and last written to: a file system stamps the change time of what it renames. */
function wasRenamedLater(stat: BigIntStats): boolean {
  const made = birthOf(stat) ?? 0n;
  return stat.ctimeNs - (made > stat.mtimeNs ? made : stat.mtimeNs) > RENAMED_LATER_NS;
}

function birthOf({ birthtimeNs, ctimeNs }: BigIntStats): bigint | null {
  return birthtimeNs > 0n && birthtimeNs !== ctimeNs ? birthtimeNs : null;
}

/** What is there; null where it cannot be looked at. */
export function look(absolute: string): BigIntStats | null {
  try {
    return lstatSync(absolute, { bigint: true });
  } catch {
    // Gone again, or on a mount that does not answer: what could not be captured there was named when it was listed.
    return null;
  }
}

function namesIn(absolute: string): string[] {
  try {
    return listDirectory(absolute).names;
  } catch {
    return [];
  }
}
