import { accessSync, constants, lstatSync, realpathSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../../errors.ts';
import { type BytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { listedMountsBelow } from '../../system/mount-points.ts';
import { hintFor, immutable, isImmutable } from '../../system/remove-tree.ts';
import { fromSystemError } from '../../system-errors.ts';
import type { Location } from '../location.ts';
import { stateNames, type TargetState } from '../target-state.ts';
import { readTop } from '../top-attributes.ts';
import type { Displaced } from '../undo/history-changes.ts';
import { nextKeptStamp } from '../undo/previous-states.ts';
import { type Change, type Committed, commitChange, concludeChange } from './commit-change.ts';
import { removeJournal, type SwapJournal } from './journal.ts';
import { nameForJournal, resumeByChildren, swapByChildren, unswapByChildren } from './swap-by-children.ts';
import { resumeByRename, swapByRename, unswapByRename } from './swap-by-rename.ts';
import { inodeAt, type SwapResult, topForJournal } from './swap-paths.ts';

/** What is to become the state directory. */
export interface SwapRequest {
  operation: SwapJournal['operation'];
  /** A tree, by its name at the location. */
  incoming: string;
  /** What is at the state directory. */
  found: TargetState;
  /** What will be known of previous states, given what is displaced. */
  historyAfter: (displaced: Displaced | null) => SwapJournal['history'];
}

export interface Swapped extends Committed {
  /** Where the previous tree is kept now; null if there was none. */
  previousState: string | null;
}

/**
 * Makes a tree the state directory; see `commitChange`.
 *
 * @throws with everything as it was; or `NEEDS_RECOVERY` if even that could not be brought about.
 */
export function performSwap(location: Location, request: SwapRequest): Swapped {
  const doing = request.operation === 'undo' ? 'put the previous state back' : 'put the restored tree in place';
  let journal: SwapJournal;
  try {
    journal = planSwap(location, request);
  } catch (error) {
    throw fromSystemError(error, doing, location.target);
  }
  const byRename = location.strategy === 'rename';
  const change: Change<SwapJournal> = {
    journal,
    perform: (planned) => (byRename ? swapByRename(location, planned) : swapByChildren(location, planned)).movedAside,
    rollback: (onDisk) => (byRename ? unswapByRename(location, onDisk) : unswapByChildren(location, onDisk)),
  };
  const committed = commitChange(location, change, doing);
  return { ...committed, previousState: journal.kept === null ? null : join(location.directory, journal.kept) };
}

/** Finishes or rolls back what a killed swap left, and forgets its journal. */
export function resumeSwap(location: Location, journal: SwapJournal): SwapResult {
  const result =
    location.strategy === 'rename' ? resumeByRename(location, journal) : resumeByChildren(location, journal);
  if (result.live === 'new') concludeChange(location, journal);
  else removeJournal(location);
  return result;
}

function planSwap(location: Location, { operation, incoming, found, historyAfter }: SwapRequest): SwapJournal {
  const path = join(location.directory, incoming);
  const byChildren = location.strategy === 'children';
  const incomingNames = byChildren ? childNames(path) : [];
  const oldNames = byChildren ? stateNames(location) : [];
  const unwritable: SwapJournal['unwritable'] = [];
  if (byChildren) {
    unwritable.push(...refuseImmovable(path, incomingNames), ...refuseImmovable(location.target, oldNames));
  } else {
    for (const directory of [path, location.target]) refuseImmutable(Buffer.from(directory));
  }
  const kept = found.kind === 'content' ? location.names.replaced + nextKeptStamp(location) : null;
  return {
    format: 1,
    operation,
    strategy: location.strategy,
    phase: 'away',
    started_at: new Date().toISOString(),
    history: historyAfter(kept === null ? null : { directory: kept, kind: 'tree', paths: null }),
    incoming,
    incoming_inode: inodeAt(path) ?? '',
    incoming_top: topForJournal(readTop(path)),
    kept,
    old_kind: found.kind,
    old_inode: found.inode,
    old_top: found.kind === 'missing' ? null : topForJournal(readTop(location.target)),
    incoming_names: incomingNames.map(nameForJournal),
    old_names: oldNames.map(nameForJournal),
    unwritable,
  };
}

/**
 * Child by child, every child must be one that can be moved to another directory: known before the first one moves.
 *
 * @returns those that must be made writable for it
 */
function refuseImmovable(directory: string, names: readonly BytePath[]): SwapJournal['unwritable'] {
  const unwritable: SwapJournal['unwritable'] = [];
  const mounts = new Set(listedMountsBelow(realpathSync.native(directory)));
  const { dev } = lstatSync(directory);
  for (const name of names) {
    const path = joinBytes(directory, name);
    const stats = lstatSync(path);
    if (mounts.has(path.toString()) || (stats.isDirectory() && stats.dev !== dev)) {
      throw new BackupError('IO', `something is mounted at ${path}, so it cannot be moved`, {
        path: path.toString(),
        hint: 'Unmount it, or restore into another directory.',
      });
    }
    refuseImmutable(path);
    // Its `..` changes, which the system takes for a change to the directory itself.
    if (stats.isDirectory() && !isWritable(path, stats)) {
      unwritable.push({ inode: inodeAt(path) ?? '', mode: stats.mode & 0o7777 });
    }
  }
  return unwritable;
}

/** @throws what the system says, of a directory that is not ours to make writable */
function isWritable(path: BytePath, { uid }: Stats): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || uid !== process.geteuid?.()) throw error;
    return false;
  }
}

function refuseImmutable(path: BytePath): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !isImmutable(path, stats)) return;
  const obstacle = immutable(path.toString());
  throw new BackupError('PERMISSION', `${obstacle.reason}, so it cannot be moved`, {
    path: obstacle.path,
    hint: hintFor(obstacle),
  });
}
