import { statIfAny } from '../../system/stat-if-any.ts';
import { isInWalMode } from './database-header.ts';
import { isKeptOpen } from './file-locks.ts';

/**
 * Whether SQLite may open a database without leaving a trace. In WAL mode that needs a process that has it open: the
 * first connection creates or rewrites `-shm`, also when it only reads.
 *
 * @param absolute path of the database
 */
export function opensReadOnly(absolute: string): boolean {
  const inUse = isKeptOpen(`${absolute}-shm`);
  return inUse || !(isInWalMode(absolute) || statIfAny(`${absolute}-wal`) !== undefined);
}
