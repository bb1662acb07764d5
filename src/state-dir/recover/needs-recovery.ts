import { BackupError } from '../../errors.ts';
import { type FoundJournal, findJournal, journalPath } from '../commit/journal.ts';
import { resolveTarget } from '../location.ts';
import { currentHolders, type StateLock } from '../lock/lock.ts';

/** An unfinished replacement of a state directory. */
export interface PendingRecovery {
  operation: 'restore' | 'undo';
  startedAt: Date;
  /** The file that describes it. */
  journal: string;
}

/**
 * What an interrupted restore or undo left to be done; null if nothing. Also null while a running process holds the lock: it may be doing it.
 *
 * @throws `NEEDS_RECOVERY` if there is a journal that cannot be understood.
 */
export async function needsRecovery(stateDir: string): Promise<PendingRecovery | null> {
  const target = resolveTarget(stateDir);
  if (findJournal(target) === null || currentHolders(target).length > 0) return null;
  const found = findJournal(target);
  return found === null ? null : describe(found);
}

/**
 * Resolves if the state directory is whole.
 *
 * @param lock the caller's lock on the state directory; null if it has none
 * @throws `NEEDS_RECOVERY` if an interrupted restore has to be recovered first; `STATE_DIR_LOCKED` if one is at work right now.
 */
export async function assertRecovered(stateDir: string, lock: StateLock | null): Promise<void> {
  const target = resolveTarget(stateDir);
  if (findJournal(target) === null) return;
  // A caller that holds the lock is alone: a journal was left by a run that has ended.
  if (lock === null && currentHolders(target).length > 0) {
    throw new BackupError('STATE_DIR_LOCKED', 'a restore of the state directory is running', {
      path: target.target,
      hint: 'Wait until it is done.',
    });
  }
  // Without a lock, the run that it belonged to may have ended since.
  const found = findJournal(target);
  if (found === null) return;
  const { operation, startedAt, journal } = describe(found);
  throw new BackupError('NEEDS_RECOVERY', `the ${operation} begun at ${startedAt.toISOString()} was interrupted`, {
    path: journal,
    hint: 'Run: `recoverStateDir()`',
  });
}

function describe({ location, journal }: FoundJournal): PendingRecovery {
  return {
    operation: journal.operation,
    startedAt: new Date(journal.started_at),
    journal: journalPath(location),
  };
}
