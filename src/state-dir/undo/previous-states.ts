import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../../errors.ts';
import { checkOptions, locationSchema, optionsSchema, type StateDirOption, toPath } from '../../options.ts';
import { treeSize } from '../../system/tree-size.ts';
import { fromSystemError } from '../../system-errors.ts';
import { compareStamps, nextStamp, parseStamp, type Stamp, stampDate } from '../artifact-names.ts';
import { bothLocations, type Location, resolveTarget, type Target } from '../location.ts';
import { BEFORE } from '../merge/exchange-layout.ts';
import {
  type HistoryFile,
  type RecordedState,
  readHistoryFile,
  type SnapshotOrigin,
  type UndoSteps,
} from './history.ts';

/** A previous state of a state directory: what a restore or an undo replaced. It is kept until it is discarded. */
export interface PreviousState {
  /** Its name, for `to` and `names`: when it was replaced, `YYYYMMDD_HHMMSS` in UTC, with a number if two were in the same second. */
  name: string;
  /** Path of its directory. A `tree` is an ordinary directory that may be moved back by hand; the files of a `merge` are below `before`. */
  path: string;
  /** `tree`: the whole state directory. `merge`: only what a merge, or the undo of one, replaced. */
  kind: 'tree' | 'merge';
  /** When it was replaced, to the second. */
  replacedAt: Date;
  /** What replaced it. */
  by: 'restore' | 'undo';
  /** The snapshot of the restore that replaced it; null if an undo did, or if that is not known. */
  snapshot: SnapshotOrigin | null;
  /** How many paths a merge exchanged; null for a `tree`. */
  paths: number | null;
  /** Whether `undoRestore` without `to` comes to it, now or when repeated. What an undo replaced is put back by its name only. */
  undoable: boolean;
  /** Whether it is the state from before the first restore. */
  original: boolean;
  /** An undo to it that ended between two of its steps, killed or by an error: `undoRestore` to its name goes on. Else null. */
  unfinishedUndo: UndoProgress | null;
}

/** How far an undo came. */
export interface UndoProgress {
  /** Steps that are done. */
  done: number;
  /** Steps that it had. */
  steps: number;
  /** What is live since its last step: the state that had been replaced then, to the second. */
  liveReplacedAt: Date;
}

/** A previous state with what only this package needs. */
export interface KeptState extends PreviousState {
  stamp: Stamp;
  location: Location;
  recorded: RecordedState;
}

/** All that is known of the previous states of a state directory, in both locations. */
export interface History {
  revision: number;
  live: number;
  highest: number;
  restores: number;
  /** The newest first. */
  states: KeptState[];
  undoSteps: UndoSteps | null;
}

/** The number of the state that was live before the first restore. */
const ORIGINAL = 1;

/** The names in the directory that holds the artifacts; none if there is no such directory. */
export function namesAt(location: Pick<Location, 'directory'>): string[] {
  try {
    return readdirSync(location.directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fromSystemError(error, 'list what lies around the state directory', location.directory);
  }
}

/** A free stamp for what is about to be replaced. It sorts after those of all previous states. */
export function nextKeptStamp(target: Target): string {
  const taken = bothLocations(target).flatMap((location) =>
    namesAt(location).flatMap(
      (name) => parseStamp(name, location.names.replaced) ?? parseStamp(name, location.names.merged) ?? [],
    ),
  );
  return nextStamp(taken, new Date());
}

/** A free path for something that is in the way and is not ours to remove. */
export function nextAsidePath(location: Location): string {
  const taken = namesAt(location).flatMap((name) => parseStamp(name, location.names.aside) ?? []);
  return join(location.directory, location.names.aside + nextStamp(taken, new Date()));
}

/** What is known of the previous states of a state directory. A tree that no history names, but whose name shows, counts too. */
export function findHistory(target: Target): History {
  const found = bothLocations(target).map((location) => ({ location, file: readHistoryFile(location) }));
  const files = found.flatMap(({ file }) => file ?? []).sort((a, b) => b.revision - a.revision);
  const history: History = {
    revision: files[0]?.revision ?? 0,
    live: files[0]?.live ?? ORIGINAL,
    highest: Math.max(ORIGINAL, ...files.map(({ highest }) => highest)),
    restores: Math.max(0, ...files.map(({ restores }) => restores)),
    states: [],
    undoSteps: files[0]?.undo_steps ?? null,
  };
  for (const { location, file } of found) history.states.push(...statesAt(location, file, history));
  history.states.sort((a, b) => compareStamps(b.stamp, a.stamp));
  noteUnfinished(history);
  return history;
}

/** Only where the undo can go on: what it goes to may have been discarded. */
function noteUnfinished(history: History): void {
  const { undoSteps, states } = history;
  if (undoSteps === null || undoSteps.done === undoSteps.steps) return;
  const { to, done, steps, reached } = undoSteps;
  const goal = states.find(({ recorded }) => recorded.state === to);
  if (goal === undefined || routeTo(goal, history) === null) return;
  goal.unfinishedUndo = { done, steps, liveReplacedAt: new Date(reached) };
}

function statesAt(location: Location, file: HistoryFile | null, history: History): KeptState[] {
  const states = (file?.states ?? []).flatMap((recorded) => located(location, recorded) ?? []);
  const known = new Set(states.map(({ recorded }) => recorded.directory));
  for (const directory of namesAt(location)) {
    const stamp = known.has(directory) ? null : parseStamp(directory, location.names.replaced);
    if (stamp === null) continue;
    history.highest += 1;
    const state = located(location, {
      directory,
      kind: 'tree',
      state: history.highest,
      onto: null,
      paths: null,
      replaced_at: stampDate(stamp).toISOString(),
      by: 'restore',
      snapshot: null,
      undoable: true,
    });
    if (state !== null) states.push(state);
  }
  return states;
}

/** Null where it is no longer there, or its name is not one of ours. */
function located(location: Location, recorded: RecordedState): KeptState | null {
  const prefix = recorded.kind === 'tree' ? location.names.replaced : location.names.merged;
  const stamp = parseStamp(recorded.directory, prefix);
  const path = join(location.directory, recorded.directory);
  if (stamp === null || lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const { snapshot } = recorded;
  return {
    name: recorded.directory.slice(prefix.length),
    path,
    kind: recorded.kind,
    replacedAt: new Date(recorded.replaced_at),
    by: recorded.by,
    snapshot: snapshot === null ? null : { name: snapshot.name, createdAt: snapshot.created_at },
    paths: recorded.paths,
    undoable: recorded.undoable,
    original: recorded.state === ORIGINAL,
    unfinishedUndo: null,
    stamp,
    location,
    recorded,
  };
}

/** The previous states that have to be put back one after the other, to come to `wanted`; null where there is no way any more. */
export function routeTo(wanted: KeptState, history: History): KeptState[] | null {
  const route = [wanted];
  for (let step = wanted; step.recorded.onto !== null && step.recorded.onto !== history.live; ) {
    const { onto } = step.recorded;
    const before = history.states.find(({ recorded }) => recorded.state === onto);
    if (before === undefined || route.includes(before)) return null;
    route.unshift(before);
    step = before;
  }
  return route;
}

/** The previous state that a name, or the path of its directory, refers to. */
export function findNamed(name: string, history: History, target: Target): KeptState {
  const state = history.states.find(
    (each) => each.name === name || each.recorded.directory === name || each.path === name,
  );
  if (state !== undefined) return state;
  throw new BackupError('NOTHING_TO_UNDO', `no previous state of the state directory is called ${name}`, {
    path: target.target,
    hint: '`listPrevious()` shows those that there are.',
  });
}

/** A previous state, with its size. */
export interface ListedTree extends PreviousState {
  /** Sum of the sizes of its files, in bytes. */
  bytes: number;
}

const listPreviousSchema = optionsSchema<StateDirOption>({ stateDir: locationSchema }, ['stateDir']);

/**
 * The same as `listPrevious` without the sizes: at once, however much they hold.
 *
 * @returns the previous states, newest first
 * @throws BackupError `USAGE`, `PERMISSION`, `IO`
 */
export async function findPrevious(options: StateDirOption): Promise<PreviousState[]> {
  checkOptions(listPreviousSchema, options);
  return findHistory(resolveTarget(toPath(options.stateDir))).states.map(forUsers);
}

/**
 * Lists the previous states of a state directory. It takes no lock and changes nothing.
 *
 * @returns the previous states, newest first
 * @throws BackupError `USAGE`, `PERMISSION`, `IO`
 */
export async function listPrevious(options: StateDirOption): Promise<ListedTree[]> {
  checkOptions(listPreviousSchema, options);
  return findHistory(resolveTarget(toPath(options.stateDir))).states.map((state) => ({
    ...forUsers(state),
    bytes: treeSize(state.kind === 'merge' ? join(state.path, BEFORE) : state.path),
  }));
}

/** A previous state without what only this package needs. */
export function forUsers({ stamp: _stamp, location: _place, recorded: _recorded, ...tree }: KeptState): PreviousState {
  return tree;
}
