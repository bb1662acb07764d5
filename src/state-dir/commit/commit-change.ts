import { BackupError } from '../../errors.ts';
import { fromSystemError } from '../../system-errors.ts';
import type { Location } from '../location.ts';
import { writeHistoryFile } from '../undo/history.ts';
import { findJournal, type Journal, journalPath, removeJournal, writeJournal } from './journal.ts';
import { inodeAt } from './swap-paths.ts';

/** A change of the state directory that is ready to be made, described by its journal. */
export interface Change<J extends Journal> {
  journal: J;
  /** Makes it, durably. @returns things of somebody else that were in the way, under the names that they have now */
  perform: (journal: J) => string[];
  /** Rolls it back, however far it came by the journal that is on disk. */
  rollback: (journal: J) => void;
  /** Removes what is of no use any more once the journal is gone. What it leaves, the next run clears. */
  cleanUp?: (live: 'new' | 'old') => void;
}

/** What became of a change that was made. */
export interface Committed {
  movedAside: string[];
  /** It is complete and durable, but its journal could not be removed: `recover` will. */
  journalRemains: boolean;
}

/**
 * Makes a change all at once: journal, change, history, journal removed. All calls are synchronous, so nothing else of this process runs
 * in between and no signal handler of it can end it half-way.
 *
 * @param doing for an error: "put the restored tree in place"
 * @throws with everything as it was; or `NEEDS_RECOVERY` if even that could not be brought about
 */
export function commitChange<J extends Journal>(location: Location, change: Change<J>, doing: string): Committed {
  try {
    writeJournal(location, change.journal);
  } catch (error) {
    throw fromSystemError(error, doing, location.target);
  }
  let movedAside: string[];
  try {
    movedAside = change.perform(change.journal);
  } catch (error) {
    rollback(location, change, error);
    throw withReason(fromSystemError(error, doing, location.target));
  }
  const journalRemains = !concludes(location, change.journal);
  if (!journalRemains) tryTo(() => change.cleanUp?.('new'));
  return { movedAside, journalRemains };
}

/** Does what the outcome does not depend on. */
export function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // Left to the next run, which clears it.
  }
}

/** Ends a change that is complete: notes what is kept now, and forgets the journal. */
export function concludeChange(location: Location, { history }: Journal): void {
  if (history !== null) writeHistoryFile(location, history);
  removeJournal(location);
}

function concludes(location: Location, journal: Journal): boolean {
  try {
    concludeChange(location, journal);
    return true;
  } catch {
    // Removed, but perhaps not durably: if it reappears, a recovery finds the change complete.
    return inodeAt(journalPath(location)) === null;
  }
}

function rollback<J extends Journal>(location: Location, change: Change<J>, reason: unknown): void {
  try {
    // The journal on disk shows how far it came: its next form may have been written although that call failed.
    const onDisk = findJournal(location)?.journal as J | undefined;
    change.rollback(onDisk ?? change.journal);
    removeJournal(location);
    tryTo(() => change.cleanUp?.('old'));
  } catch (error) {
    throw stillNeedsRecovery(
      location,
      new AggregateError([reason, error], 'the change failed, and so did taking it back'),
    );
  }
}

export function stillNeedsRecovery(location: Location, cause: unknown): BackupError {
  if (cause instanceof BackupError && cause.code === 'NEEDS_RECOVERY') return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BackupError('NEEDS_RECOVERY', `the state directory is between two states: ${reason}`, {
    path: location.target,
    hint: `Look into the cause, then run: \`recoverStateDir()\` (the journal is ${journalPath(location)})`,
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
