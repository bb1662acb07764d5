import { randomBytes } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BackupError } from '../../errors.ts';
import type { OperationOptions } from '../../events.ts';
import {
  checkOptions,
  flagSchema,
  locationSchema,
  OPERATION_SHAPE,
  optionsSchema,
  type StateDirOption,
  textsSchema,
  toPath,
} from '../../options.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import {
  describeRemaining,
  findObstacle,
  hintFor,
  type Obstacle,
  type Removed,
  removeTree,
} from '../../system/remove-tree.ts';
import { fromSystemError } from '../../system-errors.ts';
import { NAMES_ON_VOLUME, RESERVED_DIRECTORY } from '../artifact-names.ts';
import { bothLocations, type Location } from '../location.ts';
import { LOCK_WAIT_SHAPE, type LockWaitOptions } from '../lock/lock-wait.ts';
import { pathBytes } from '../merge/exchange-layout.ts';
import { readRecord } from '../merge/exchange-record.ts';
import { clearWithNotices } from '../recover/clear-leftovers.ts';
import { removeReserved } from '../staging/volume-staging.ts';
import { readHistoryFile, writeHistoryFile } from './history.ts';
import { historyWithout } from './history-changes.ts';
import {
  findHistory,
  findNamed,
  forUsers,
  type History,
  type KeptState,
  type PreviousState,
  routeTo,
} from './previous-states.ts';
import { nothingKeptError, withLock } from './undo.ts';

/** Options of `discardUndo`. */
export interface DiscardOptions extends StateDirOption, OperationOptions, LockWaitOptions {
  /**
   * Names of the previous states to remove, as `listPrevious` has them. States that can be reached only through one of them are removed, too.
   *
   * @default all but the state from before the first of several restores
   */
  names?: readonly string[];
  /**
   * Remove all of them, also the state from before the first restore. Not together with `names`.
   *
   * @default false
   */
  all?: boolean;
}

const discardOptionsSchema = optionsSchema<DiscardOptions>(
  { ...OPERATION_SHAPE, ...LOCK_WAIT_SHAPE, names: textsSchema, all: flagSchema, stateDir: locationSchema },
  ['stateDir'],
);

/** What `discardUndo` removed. */
export interface DiscardReport {
  /** The previous states that were removed. */
  discarded: PreviousState[];
  /** The state from before the first of several restores, if it was kept because it was not named; else null. */
  spared: PreviousState | null;
  /** Number of files and directories that were removed. */
  entries: number;
  /** Sum of their sizes in bytes. */
  bytes: number;
}

/**
 * Removes previous states of a state directory, to free their space. This cannot be undone.
 *
 * @throws BackupError `NOTHING_TO_UNDO` if there is nothing to remove; `USAGE`, `STATE_DIR_LOCKED`, `NEEDS_RECOVERY`, `PERMISSION`, `IO`
 */
export async function discardUndo(options: DiscardOptions): Promise<DiscardReport> {
  checkOptions(discardOptionsSchema, options);
  const stateDir = toPath(options.stateDir);
  const { names = [], all = false } = options;
  if (all && names.length > 0) {
    throw new BackupError('USAGE', 'either some previous states are to be removed or all of them', {
      hint: 'Give names, or `all`.',
    });
  }
  return withLock(stateDir, 'undo --discard', options, async ({ location }) => {
    await clearWithNotices(location, options);
    const history = findHistory(location);
    if (history.states.length === 0) throw nothingKeptError(location.target);
    const { discarded, spared } = chosen(history, names, all, location);
    const report: DiscardReport = {
      discarded: [],
      spared: spared === null ? null : forUsers(spared),
      entries: 0,
      bytes: 0,
    };
    // All of them, before the first one goes.
    for (const { path } of discarded) await refuseUndeletable(path);
    for (const state of discarded) {
      const { entries, bytes, remaining } = await discard(state, location);
      report.entries += entries;
      report.bytes += bytes;
      if (remaining.length > 0) throw undeletedError(state.path, remaining);
      report.discarded.push(forUsers(state));
    }
    return report;
  });
}

function chosen(
  history: History,
  names: readonly string[],
  all: boolean,
  location: Location,
): { discarded: KeptState[]; spared: KeptState | null } {
  if (all) return { discarded: history.states, spared: null };
  if (names.length > 0) {
    const named = names.map((name) => findNamed(name, history, location));
    return { discarded: withDependents(history, named), spared: null };
  }
  const original = history.restores > 1 ? history.states.find((state) => state.original) : undefined;
  if (original === undefined) return { discarded: history.states, spared: null };
  // It may be reached through merges only: then these stay as well.
  const needed = routeTo(original, history) ?? [original];
  const discarded = history.states.filter((state) => !needed.includes(state));
  if (discarded.length > 0) return { discarded, spared: original };
  throw new BackupError('NOTHING_TO_UNDO', 'the only previous state is from before the first of several restores', {
    path: original.path,
    hint: `To remove that too, give its name, ${original.name}, or \`all\`.`,
  });
}

/** With what can be reached only through what is named. */
function withDependents(history: History, named: readonly KeptState[]): KeptState[] {
  return history.states.filter((state) => {
    const route = routeTo(state, history);
    return named.includes(state) || route?.some((step) => named.includes(step));
  });
}

/** @throws `PERMISSION` if something keeps a tree from being deleted: it is whole then, and under its name. */
async function refuseUndeletable(tree: string): Promise<void> {
  const obstacle = await findObstacle(tree);
  if (obstacle === null) return;
  throw new BackupError('PERMISSION', `the previous state cannot be deleted: ${obstacle.reason}`, {
    path: tree,
    hint: hintFor(obstacle),
  });
}

function undeletedError(path: string, remaining: readonly Obstacle[]): BackupError {
  const [obstacle] = remaining as [Obstacle];
  return new BackupError('PARTLY_DONE', `could not delete all of ${path}: ${describeRemaining(remaining)}`, {
    path: obstacle.path,
    hint: `What is left of it does no harm. ${hintFor(obstacle)}`,
  });
}

async function discard(state: KeptState, location: Location): Promise<Removed> {
  const all: Removed = { entries: 0, bytes: 0, remaining: [] };
  for (const trash of moveToTrash(state, location)) {
    const { entries, bytes, remaining } = await removeTree(trash);
    all.entries += entries;
    all.bytes += bytes;
    all.remaining.push(...remaining);
    if (basename(dirname(trash)) === RESERVED_DIRECTORY) removeReserved(dirname(trash));
  }
  return all;
}

/** Under other names first: killed half-way, what is left of it must not pass for a previous state. */
function moveToTrash(state: KeptState, location: Location): string[] {
  try {
    const history = findHistory(location);
    const gone = new Set(history.states.filter(({ path }) => path === state.path));
    const trash = [state.path, ...volumeDirectories(state, history)].map((directory, index) => {
      const prefix = index === 0 ? state.location.names.hidden : NAMES_ON_VOLUME.hidden;
      const path = join(dirname(directory), `${prefix}trash-${randomBytes(8).toString('hex')}`);
      renameSync(directory, path);
      fsyncDirectory(dirname(directory));
      return path;
    });
    for (const each of bothLocations(location)) {
      if (readHistoryFile(each) !== null) writeHistoryFile(each, historyWithout(each, history, gone));
    }
    return trash;
  } catch (error) {
    throw fromSystemError(error, 'remove the previous state', state.path);
  }
}

/** Where on volumes below the state directory parts of what a merge took out lie: below the tree that it was taken out of. */
function volumeDirectories(state: KeptState, history: History): string[] {
  if (state.kind === 'tree') return [];
  const { volumes } = readRecord(state.path);
  const [first] = routeTo(state, history) ?? [state];
  const root = first?.kind === 'tree' ? first.path : state.location.target;
  return volumes
    .slice(1)
    .map((volume) => join(root, pathBytes(volume).toString(), RESERVED_DIRECTORY, NAMES_ON_VOLUME.merged + state.name))
    .filter((directory) => lstatSync(directory, { throwIfNoEntry: false }) !== undefined);
}
