import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError } from '../../errors.ts';
import { checkOptions, locationSchema, optionsSchema, type StateDirOption, toPath } from '../../options.ts';
import { treeSize } from '../../system/tree-size.ts';
import { fromSystemError } from '../../system-errors.ts';
import { compareStamps, nextStamp, parseStamp, type Stamp, stampDate } from '../artifact-names.ts';
import { bothLocations, type Location, resolveTarget, type Target } from '../location.ts';
import { BEFORE } from '../merge/exchange-layout.ts';
import { type HistoryFile, type RecordedState, readHistoryFile, type SnapshotOrigin } from './history.ts';

/** A previous state of a state directory: what a restore or an undo displaced, kept until it is discarded. */
export interface PreviousState {
  /** What `undo --to` calls it: the time of its replacement, `YYYYMMDD_HHMMSS` in UTC, with a number where two fell into one second. */
  name: string;
  /** Where it lies. A `tree` is an ordinary directory that may be moved back by hand; of a `merge` the files lie below `before`. */
  path: string;
  /** `tree`: the whole state directory. `merge`: only what a merge, or the undo of one, took out. */
  kind: 'tree' | 'merge';
  /** When it was replaced, to the second. */
  replacedAt: Date;
  /** By what it was replaced. */
  by: 'restore' | 'undo';
  /** The snapshot that replaced it; null where an undo did, or where that is not known. */
  snapshot: SnapshotOrigin | null;
  /** How many paths were exchanged; null for a whole tree. */
  paths: number | null;
  /** Whether a plain undo would come to it, now or when repeated. What an undo displaced is put back by name only. */
  undoable: boolean;
  /** Whether it is what was live before the first restore. */
  original: boolean;
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

/** A free stamp for what is about to be replaced. It sorts behind those of all previous states. */
export function nextKeptStamp(target: Target): string {
  const taken = bothLocations(target).flatMap((location) =>
    namesAt(location).flatMap(
      (name) => parseStamp(name, location.names.replaced) ?? parseStamp(name, location.names.merged) ?? [],
    ),
  );
  return nextStamp(taken, new Date());
}

/** A free path for something that stands in the way and is not ours to remove. */
export function nextAsidePath(location: Location): string {
  const taken = namesAt(location).flatMap((name) => parseStamp(name, location.names.aside) ?? []);
  return join(location.directory, location.names.aside + nextStamp(taken, new Date()));
}

/** What is known of the previous states of a state directory. A tree that no history names, but whose name tells, counts too. */
export function findHistory(target: Target): History {
  const found = bothLocations(target).map((location) => ({ location, file: readHistoryFile(location) }));
  const files = found.flatMap(({ file }) => file ?? []).sort((a, b) => b.revision - a.revision);
  const history: History = {
    revision: files[0]?.revision ?? 0,
    live: files[0]?.live ?? ORIGINAL,
    highest: Math.max(ORIGINAL, ...files.map(({ highest }) => highest)),
    restores: Math.max(0, ...files.map(({ restores }) => restores)),
    states: [],
  };
  for (const { location, file } of found) history.states.push(...statesAt(location, file, history));
  history.states.sort((a, b) => compareStamps(b.stamp, a.stamp));
  return history;
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

/** The previous state that a name, or the path of its directory, stands for. */
export function findNamed(name: string, history: History, target: Target): KeptState {
  const state = history.states.find(
    (each) => each.name === name || each.recorded.directory === name || each.path === name,
  );
  if (state !== undefined) return state;
  throw new BackupError('NOTHING_TO_UNDO', `no previous state of the state directory is called ${name}`, {
    path: target.target,
    hint: 'oxios-backup undo --list shows those that there are.',
  });
}

/** A previous state, and what it takes of the disk. */
export interface ListedTree extends PreviousState {
  /** Sizes of the files in it, in bytes. */
  bytes: number;
}

const listPreviousSchema = optionsSchema<StateDirOption>({ stateDir: locationSchema }, ['stateDir']);

/** The previous states of a state directory, the newest first. Takes no lock, changes nothing. */
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
