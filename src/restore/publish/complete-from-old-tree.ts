import {
  type BigIntStats,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { copyLiveFile } from '../../capture/copy-live-file.ts';
import type { OperationOptions } from '../../events.ts';
import { type BytePath, bytePath, childNames, joinBytes } from '../../state/byte-path.ts';
import { throwIfAborted } from '../../workers/abort.ts';
import { RESERVED_DIRECTORY } from './artifact-names.ts';
import { setMtimes, type TimedPath } from './exact-times.ts';
import type { Place } from './place.ts';
import { stateNames } from './target-state.ts';

const ENTRIES_PER_TURN = 100;
/** Behind the name of a SQLite database: its write-ahead log, shared memory, rollback journal. */
const SQLITE_SIDE_FILE = /-(?:wal|shm|journal)$/;

interface Completion {
  options: Options;
  /** Where the first name of a file with several names went, by device and inode. */
  links: Map<string, BytePath>;
  /** Set at the end: whatever is put into a directory changes its time. */
  times: TimedPath[];
  isRoot: boolean;
  entries: number;
  bytes: number;
}

interface Options {
  signal?: AbortSignal | undefined;
  onEvent?: OperationOptions['onEvent'] | undefined;
}

/**
 * Completes a staged tree with what the old tree has and it has not: the merge. The staged tree wins wherever both have a name, also when the one
 * is a directory and the other is not. Everything is copied (as clones where the file system can): with a hard link, a later
 * write in place would reach the kept old tree too.
 */
export async function completeFromOldTree(place: Place, staged: string, options: Options): Promise<void> {
  const completion: Completion = {
    options,
    links: new Map(),
    times: [],
    isRoot: process.geteuid?.() === 0,
    entries: 0,
    bytes: 0,
  };
  // Trees kept inside the state directory are not of its state.
  const names = stateNames(place).filter((name) => name.toString() !== RESERVED_DIRECTORY);
  await completeDirectory(bytePath(place.target), names, bytePath(staged), completion);
  setMtimes(completion.times);
}

async function completeDirectory(
  old: BytePath,
  oldNames: readonly BytePath[],
  staged: BytePath,
  run: Completion,
): Promise<void> {
  const before = lstatSync(staged, { bigint: true });
  const fromSnapshot = new Set(childNames(staged).map(key));
  const missing: BytePath[] = [];
  for (const name of oldNames) {
    const [oldPath, stagedPath] = [joinBytes(old, name), joinBytes(staged, name)];
    if (!fromSnapshot.has(key(name))) {
      if (!isSideFileOfSnapshot(name, fromSnapshot)) missing.push(name);
    } else if (lstatSync(oldPath).isDirectory() && lstatSync(stagedPath).isDirectory()) {
      await completeDirectory(oldPath, childNames(oldPath), stagedPath, run);
    }
  }
  if (missing.length === 0) return;
  const mode = Number(before.mode & 0o7777n);
  if ((mode & 0o700) !== 0o700) chmodSync(staged, mode | 0o700);
  for (const name of missing) await copyEntry(joinBytes(old, name), joinBytes(staged, name), run);
  if ((mode & 0o700) !== 0o700) chmodSync(staged, mode);
  run.times.push({ path: staged, mtimeNs: before.mtimeNs });
}

function key(name: BytePath): string {
  return name.toString('latin1');
}

/** An old write-ahead log beside a restored database would silently undo the restore of it. */
function isSideFileOfSnapshot(name: BytePath, fromSnapshot: ReadonlySet<string>): boolean {
  const text = key(name);
  return SQLITE_SIDE_FILE.test(text) && fromSnapshot.has(text.replace(SQLITE_SIDE_FILE, ''));
}

async function copyEntry(from: BytePath, to: BytePath, run: Completion): Promise<void> {
  await turn(run);
  const stats = lstatSync(from, { bigint: true, throwIfNoEntry: false });
  // Removed since it was listed: then the old tree has it no longer.
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    mkdirSync(to, { mode: 0o700 });
    for (const name of childNames(from)) await copyEntry(joinBytes(from, name), joinBytes(to, name), run);
  } else if (stats.isSymbolicLink()) {
    symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to);
  } else if (!stats.isFile()) {
    const path = from.toString();
    run.options.onEvent?.({ type: 'notice', path, message: 'is neither file, directory nor link: not carried over' });
    return;
  } else if (linkToFirstName(stats, to, run)) {
    return;
  } else {
    await copyLiveFile(from, to, run.options.signal);
    run.bytes += Number(stats.size);
  }
  giveAttributes(stats, to, run);
}

/** Hard links of the old tree stay links among themselves. */
function linkToFirstName(stats: BigIntStats, to: BytePath, run: Completion): boolean {
  if (stats.nlink < 2n) return false;
  const identity = `${stats.dev}:${stats.ino}`;
  const first = run.links.get(identity);
  if (first === undefined) {
    run.links.set(identity, to);
    return false;
  }
  linkSync(first, to);
  return true;
}

function giveAttributes(stats: BigIntStats, to: BytePath, run: Completion): void {
  if (run.isRoot) lchownSync(to, Number(stats.uid), Number(stats.gid));
  // After chown, which clears set-id bits.
  if (!stats.isSymbolicLink()) chmodSync(to, Number(stats.mode & 0o7777n));
  run.times.push({ path: to, mtimeNs: stats.mtimeNs });
}

async function turn(run: Completion): Promise<void> {
  run.entries += 1;
  if (run.entries % ENTRIES_PER_TURN !== 0) return;
  await setImmediate();
  throwIfAborted(run.options.signal);
  run.options.onEvent?.({ type: 'progress', phase: 'publish', entries: run.entries, bytes: run.bytes });
}
