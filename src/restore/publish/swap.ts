import { accessSync, constants, lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, fromSystemError } from '../../errors.ts';
import { type BytePath, childNames, joinBytes } from '../../state/byte-path.ts';
import { mountPointsBelow } from '../../state/mount-points.ts';
import { hintFor, immutable, isImmutable } from '../../state/remove-tree.ts';
import { findJournal, type Journal, journalPath, removeJournal, writeJournal } from './journal.ts';
import { nextKeptName } from './kept-trees.ts';
import type { Place } from './place.ts';
import { nameForJournal, resumeByChildren, swapByChildren, unswapByChildren } from './swap-by-children.ts';
import { resumeByRename, swapByRename, unswapByRename } from './swap-by-rename.ts';
import { inodeAt, type SwapResult, topForJournal } from './swap-paths.ts';
import { stateNames, type TargetState } from './target-state.ts';
import { readTop } from './top-attributes.ts';

/** What became of a swap that ended without an error. */
export interface Swapped {
  /** Where the old tree is kept now; null if there was none. */
  replacedTree: string | null;
  movedAside: string[];
  /** The swap is complete and durable, but its journal could not be removed: `recover` will. */
  journalRemains: boolean;
}

/**
 * Makes the tree `incoming` (a name at `place`) the state directory, all at once: journal, swap, journal removed. All calls are synchronous, so
 * nothing else of this process runs in between and no signal handler of it can end it half-way.
 *
 * @throws with everything as it was; or `NEEDS_RECOVERY` if even that could not be brought about.
 */
export function performSwap(
  place: Place,
  operation: Journal['operation'],
  incoming: string,
  found: TargetState,
): Swapped {
  const doing = operation === 'undo' ? 'put the kept tree back' : 'put the restored tree in place';
  let journal: Journal;
  try {
    journal = planSwap(place, operation, incoming, found);
    writeJournal(place, journal);
  } catch (error) {
    throw fromSystemError(error, doing, place.target);
  }
  let result: SwapResult;
  try {
    result = place.strategy === 'rename' ? swapByRename(place, journal) : swapByChildren(place, journal);
  } catch (error) {
    takeBack(place, journal, error);
    throw withReason(fromSystemError(error, doing, place.target));
  }
  const replacedTree = journal.kept === null ? null : join(place.directory, journal.kept);
  return { replacedTree, movedAside: result.movedAside, journalRemains: !forgets(place) };
}

/** Finishes or takes back what a killed swap left, and forgets its journal. */
export function resumeSwap(place: Place, journal: Journal): SwapResult {
  try {
    const result = place.strategy === 'rename' ? resumeByRename(place, journal) : resumeByChildren(place, journal);
    removeJournal(place);
    return result;
  } catch (error) {
    throw stillNeedsRecovery(place, error);
  }
}

function planSwap(place: Place, operation: Journal['operation'], incoming: string, found: TargetState): Journal {
  const path = join(place.directory, incoming);
  const byChildren = place.strategy === 'children';
  const incomingNames = byChildren ? childNames(path) : [];
  const oldNames = byChildren ? stateNames(place) : [];
  if (byChildren) {
    refuseImmovable(path, incomingNames);
    refuseImmovable(place.target, oldNames);
  } else {
    for (const directory of [path, place.target]) refuseImmutable(Buffer.from(directory));
  }
  return {
    format: 1,
    operation,
    strategy: place.strategy,
    phase: 'away',
    started_at: new Date().toISOString(),
    incoming,
    incoming_inode: inodeAt(path) ?? '',
    incoming_top: topForJournal(readTop(path)),
    kept: found.kind === 'content' ? nextKeptName(place) : null,
    old_kind: found.kind,
    old_inode: found.inode,
    old_top: found.kind === 'missing' ? null : topForJournal(readTop(place.target)),
    incoming_names: incomingNames.map(nameForJournal),
    old_names: oldNames.map(nameForJournal),
  };
}

/** Child by child, every child must be one that can be moved to another directory: known before the first one moves. */
function refuseImmovable(directory: string, names: readonly BytePath[]): void {
  const mounts = new Set(mountPointsBelow(realpathSync.native(directory)));
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
    if (stats.isDirectory()) accessSync(path, constants.W_OK);
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

function takeBack(place: Place, journal: Journal, reason: unknown): void {
  try {
    // The journal on disk knows best how far it came: its second form may have been written although that call failed.
    const onDisk = findJournal(place)?.journal ?? journal;
    if (place.strategy === 'rename') unswapByRename(place, onDisk);
    else unswapByChildren(place, onDisk);
    removeJournal(place);
  } catch (error) {
    throw stillNeedsRecovery(place, new AggregateError([reason, error], 'the swap failed, and so did taking it back'));
  }
}

function stillNeedsRecovery(place: Place, cause: unknown): BackupError {
  if (cause instanceof BackupError && cause.code === 'NEEDS_RECOVERY') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BackupError('NEEDS_RECOVERY', `the state directory is between two trees: ${reason}`, {
    path: place.target,
    hint: `Look into the cause, then run: oxios-backup recover (the journal is ${journalPath(place)})`,
    cause,
  });
}

function withReason(error: BackupError): BackupError {
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'EXDEV') return error;
  return new BackupError(error.code, error.message, {
    path: error.path,
    hint: 'This directory cannot be renamed here (part of a container image, perhaps): put the state directory on a volume.',
    cause: error.cause,
  });
}

function forgets(place: Place): boolean {
  try {
    removeJournal(place);
    return true;
  } catch {
    // Gone but perhaps not durably so: if it comes back, a recovery finds the swap complete.
    return inodeAt(journalPath(place)) === null;
  }
}
