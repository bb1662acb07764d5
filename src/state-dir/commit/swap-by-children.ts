import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { type BytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import type { Location } from '../location.ts';
import { stateNames } from '../target-state.ts';
import { applyTop } from '../top-attributes.ts';
import { nextAsidePath } from '../undo/previous-states.ts';
import { type SwapJournal, writeJournal } from './journal.ts';
import { inodeAt, type SwapResult, swapPaths, topFromJournal } from './swap-paths.ts';

/** Bytes of a name as the journal writes them. */
export function nameForJournal(name: BytePath): string {
  return name.toString('latin1');
}

/**
 * Moves the old children away, then the new ones in; the journal says in between that the one is done (and durable) and the other
 * begins. So at any moment it is known which of the two trees a child at the top belongs to.
 */
export function swapByChildren(location: Location, journal: SwapJournal): SwapResult {
  moveOldAway(location, journal);
  return { live: 'new', movedAside: moveNewIn(location, beginSecondPhase(location, journal)) };
}

function beginSecondPhase(location: Location, journal: SwapJournal): SwapJournal {
  const second: SwapJournal = { ...journal, phase: 'in' };
  writeJournal(location, second);
  return second;
}

function moveOldAway(location: Location, journal: SwapJournal): void {
  const { kept, target } = swapPaths(location, journal);
  if (kept === null) return;
  mkdirSync(kept, { mode: 0o700 });
  moveAll(stateNames(location), target, kept);
  fsyncDirectory(kept);
  fsyncDirectory(target);
}

function moveNewIn(location: Location, journal: SwapJournal): string[] {
  const { incoming, kept, target } = swapPaths(location, journal);
  const waiting = inodeAt(incoming) === null ? [] : childNames(incoming);
  const movedAside = clearTheWay(location, journal.incoming_names, waiting);
  moveAll(waiting, incoming, target);
  if (kept !== null && journal.old_top !== null && inodeAt(kept) !== null) {
    applyTop(kept, topFromJournal(journal.old_top));
    fsyncDirectory(kept);
  }
  applyTop(target, topFromJournal(journal.incoming_top));
  fsyncDirectory(target);
  if (inodeAt(incoming) !== null) rmdirSync(incoming);
  fsyncDirectory(location.directory);
  return movedAside;
}

/**
 * Rolls everything back, however far it came. First the new children go out, and the journal says so; then the old ones come back.
 * Returns what was in the way.
 */
export function unswapByChildren(location: Location, journal: SwapJournal): string[] {
  const movedAside = rollback(location, journal);
  giveModesBack(location, journal);
  return movedAside;
}

function rollback(location: Location, journal: SwapJournal): string[] {
  const { incoming, target } = swapPaths(location, journal);
  if (journal.phase === 'in') {
    if (inodeAt(incoming) === null) mkdirSync(incoming, { mode: 0o700 });
    const ours = new Set(journal.incoming_names);
    moveAll(
      stateNames(location).filter((name) => ours.has(nameForJournal(name)) && !exists(joinBytes(incoming, name))),
      target,
      incoming,
    );
    applyTop(incoming, topFromJournal(journal.incoming_top));
    if (journal.kept === null && journal.old_top !== null) applyTop(target, topFromJournal(journal.old_top));
    fsyncDirectory(incoming);
    fsyncDirectory(target);
    writeJournal(location, { ...journal, phase: 'away' });
  }
  return bringOldBack(location, journal);
}

function bringOldBack(location: Location, journal: SwapJournal): string[] {
  const { kept, target } = swapPaths(location, journal);
  let movedAside: string[] = [];
  if (kept !== null && inodeAt(kept) !== null) {
    const waiting = childNames(kept);
    // Where nothing had been moved, the tree was in use all along, and all in it belongs to it.
    if (waiting.length > 0) movedAside = clearTheWay(location, journal.old_names, waiting);
    moveAll(waiting, kept, target);
    if (journal.old_top !== null) applyTop(target, topFromJournal(journal.old_top));
    rmdirSync(kept);
  }
  fsyncDirectory(target);
  fsyncDirectory(location.directory);
  return movedAside;
}

/** Completes what a killed swap left: back while the previous tree was on its way out, forward once the new one was on its way in. */
export function resumeByChildren(location: Location, journal: SwapJournal): SwapResult {
  const result = decideByChildren(location, journal);
  giveModesBack(location, journal);
  return result;
}

function decideByChildren(location: Location, journal: SwapJournal): SwapResult {
  if (journal.phase === 'in') return { live: 'new', movedAside: moveNewIn(location, journal) };
  if (journal.old_kind !== 'content' && stateNames(location).length === 0) {
    return { live: 'new', movedAside: moveNewIn(location, beginSecondPhase(location, journal)) };
  }
  return { live: 'old', movedAside: bringOldBack(location, journal) };
}

/**
 * Moves aside what is not of the tree whose names are `known`, or is where a child `waiting` for its place will go: put there by
 * somebody between the kill and the recovery. Left there, its `memory.db-wal` would be applied to the `memory.db` of the other tree.
 */
function clearTheWay(location: Location, known: readonly string[], waiting: readonly BytePath[]): string[] {
  const belongs = new Set(known);
  for (const name of waiting) belongs.delete(nameForJournal(name));
  const strangers = stateNames(location).filter((name) => !belongs.has(nameForJournal(name)));
  if (strangers.length === 0) return [];
  const aside = nextAsidePath(location);
  mkdirSync(aside, { mode: 0o700 });
  moveAll(strangers, location.target, aside);
  fsyncDirectory(aside);
  return [aside];
}

function moveAll(names: readonly BytePath[], from: string, to: string): void {
  for (const name of names) move(joinBytes(from, name), joinBytes(to, name));
}

function move(from: BytePath, to: BytePath): void {
  try {
    renameSync(from, to);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || !lstatSync(from).isDirectory()) throw error;
  }
  const mode = lstatSync(from).mode & 0o7777;
  chmodSync(from, mode | 0o700);
  try {
    renameSync(from, to);
  } catch (error) {
    chmodSync(from, mode);
    throw error;
  }
  chmodSync(to, mode);
}

/** Gives directories back the mode that a run that was killed had taken from them for the moment of their move. */
function giveModesBack(location: Location, journal: SwapJournal): void {
  if (journal.unwritable.length === 0) return;
  const modes = new Map(journal.unwritable.map(({ inode, mode }) => [inode, mode]));
  const { incoming, kept, target } = swapPaths(location, journal);
  for (const parent of [incoming, kept, target]) {
    if (parent === null || inodeAt(parent) === null) continue;
    for (const name of childNames(parent)) {
      const path = joinBytes(parent, name);
      const stats = lstatSync(path);
      const mode = modes.get(inodeAt(path) ?? '');
      if (mode === undefined || !stats.isDirectory() || (stats.mode & 0o7777) === mode) continue;
      chmodSync(path, mode);
      fsyncDirectory(path);
    }
  }
}

function exists(path: BytePath): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
