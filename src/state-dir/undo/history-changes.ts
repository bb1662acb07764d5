import { compareStamps } from '../artifact-names.ts';
import type { Location } from '../location.ts';
import type { HistoryFile, RecordedState, SnapshotOrigin, UndoSteps } from './history.ts';
import type { History, KeptState } from './previous-states.ts';

/** What a restore or an undo displaces. */
export interface Displaced {
  /** Name of its directory. */
  directory: string;
  kind: RecordedState['kind'];
  /** How many paths are exchanged; null for a whole tree. */
  paths: number | null;
}

/** The history at `location` once a restore is complete. Null if nothing is kept and nothing was. */
export function historyAfterRestore(
  location: Location,
  history: History,
  displaced: Displaced | null,
  snapshot: SnapshotOrigin | null,
): HistoryFile | null {
  if (displaced === null && history.states.length === 0) return null;
  const live = history.highest + 1;
  const states = statesAt(location, history.states);
  if (displaced !== null) {
    states.push({
      ...displaced,
      state: history.live,
      onto: displaced.kind === 'merge' ? live : null,
      replaced_at: new Date().toISOString(),
      by: 'restore',
      snapshot: snapshot === null ? null : { name: snapshot.name, created_at: snapshot.createdAt },
      undoable: true,
    });
  }
  const restores = history.states.length === 0 ? 1 : history.restores + 1;
  return { format: 1, revision: history.revision + 1, live, highest: live, restores, states };
}

/**
 * The history at `location` once `step` has been put back. Going back, what lies between is ahead from then on, as what is displaced:
 * a plain undo goes further back. When something that an undo had displaced is put back, a plain undo may take that back.
 *
 * @param steps the undo that `step` is one of several steps of; else null
 */
export function historyAfterUndo(
  location: Location,
  history: History,
  step: KeptState,
  displaced: Displaced | null,
  steps: Omit<UndoSteps, 'previous'> | null,
): HistoryFile {
  const goesBack = step.undoable;
  const remaining = history.states
    .filter(({ path }) => path !== step.path)
    .map((each) =>
      goesBack && compareStamps(each.stamp, step.stamp) > 0
        ? { ...each, recorded: { ...each.recorded, undoable: false } }
        : each,
    );
  const states = statesAt(location, remaining);
  if (displaced !== null) {
    states.push({
      ...displaced,
      state: history.live,
      onto: displaced.kind === 'merge' ? step.recorded.state : null,
      replaced_at: new Date().toISOString(),
      by: 'undo',
      snapshot: null,
      undoable: !goesBack,
    });
  }
  return {
    format: 1,
    revision: history.revision + 1,
    live: step.recorded.state,
    highest: history.highest,
    restores: history.restores,
    states,
    ...(steps !== null && {
      undo_steps: { ...steps, previous: previousOf(history, steps.to) ?? displaced?.directory ?? null },
    }),
  };
}

/** What the earlier steps of an undo to `to` replaced first; null if there were none. */
function previousOf({ undoSteps }: History, to: number): string | null {
  return undoSteps?.to === to ? undoSteps.previous : null;
}

/** The history at `location` without the states that were discarded. */
export function historyWithout(location: Location, history: History, discarded: ReadonlySet<KeptState>): HistoryFile {
  return {
    format: 1,
    revision: history.revision + 1,
    live: history.live,
    highest: history.highest,
    restores: history.restores,
    states: statesAt(
      location,
      history.states.filter((state) => !discarded.has(state)),
    ),
    ...(history.undoSteps !== null && { undo_steps: history.undoSteps }),
  };
}

function statesAt(location: Location, states: readonly KeptState[]): RecordedState[] {
  return states.filter((each) => each.location.directory === location.directory).map(({ recorded }) => recorded);
}
