import { statIfAny } from '../../system/stat-if-any.ts';
import { headOf, isInWalMode } from './database-header.ts';
import { writeLockOn } from './file-locks.ts';

/**
 * A database whose file was changed less than this ago, in milliseconds, is taken for one in use, though it may lie quiet
 * between two transactions: it is copied at once instead of being read when its turn comes.
 */
const RECENT_MS = 2000;

/**
 * Whether nobody is in the middle of something with a database: its main file alone holds all of it.
 *
 * @param absolute path of the database
 */
export function stillIdle(absolute: string): boolean {
  return idleState(absolute) === 'idle';
}

/**
 * Whether nobody is in the middle of something with a database, and has not been for a while.
 *
 * @returns `unknown` when a process may be whose locks the system does not show
 */
export function idleStateOf(absolute: string, mtimeNs: bigint): 'idle' | 'busy' | 'unknown' {
  return Date.now() - Number(mtimeNs) / 1e6 > RECENT_MS ? idleState(absolute) : 'busy';
}

/**
 * Whether somebody is in the middle of something with a database, as its side files and the locks on it show.
 *
 * @returns `unknown` when a process may be whose locks the system does not show
 */
export function idleState(absolute: string): 'idle' | 'busy' | 'unknown' {
  if (sizeOf(`${absolute}-wal`) !== 0 || hasHotJournal(absolute)) return 'busy';
  // With its journal in memory, or with none, only a lock shows that a transaction is half written.
  const lock = writeLockOn(absolute);
  if (lock === 'none') return 'idle';
  return lock === 'unknown' ? (isInWalMode(absolute) ? 'idle' : 'unknown') : 'busy';
}

/** Whether there is a rollback journal that is needed: one that was ended is gone, empty, or begins with zeros. */
export function hasHotJournal(absolute: string): boolean {
  const first = headOf(`${absolute}-journal`, 0, 1);
  return first !== null && first[0] !== 0;
}

function sizeOf(absolute: string): number {
  const stat = statIfAny(absolute);
  return stat?.isFile() ? Number(stat.size) : 0;
}
