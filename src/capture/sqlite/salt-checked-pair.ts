import { lstatSync, rmSync } from 'node:fs';
import { copyLiveFile } from '../copy-live-file.ts';
import { identityOf, isSameState } from '../file-state.ts';
import { closeQuietly, openRegular, readExactly } from '../open-regular.ts';
import type { DatabaseReader } from './database-reader.ts';
import { foldWal, WAL_HEADER_BYTES } from './fold-wal.ts';
import { hasHotJournal } from './quiet-database.ts';

/** Of the database header: the counter that each commit without WAL changes. */
const CHANGE_COUNTER_OFFSET = 24;

/** An attempt failed because a process is writing to the database. */
export class WrittenMeanwhile extends Error {}

/**
 * Copies a database and its WAL without any library, hence without a lock.
 *
 * The header of a WAL holds two salts that change when SQLite begins to write it from the start. If they are the same
 * before the database is copied and after the WAL is, then every page that a checkpoint moved meanwhile is in that WAL
 * too, so that the copy of the WAL mends whatever is mixed in the copy of the database. Without a WAL, the database must
 * not have changed at all meanwhile.
 */
export const saltCheckedPair: DatabaseReader = {
  name: 'pair',
  async copy(database, destination) {
    const before = look(database);
    if (before.hotJournal) throw new Error('it has a rollback journal that is not ended');
    copyLiveFile(database, destination);
    const wal = `${destination}-wal`;
    if (before.wal !== null) copyLiveFile(`${database}-wal`, wal);
    const after = look(database);
    if (before.wal !== null) {
      if (after.wal === null || !before.wal.equals(after.wal))
        throw new WrittenMeanwhile('its WAL was begun anew meanwhile');
      foldWal(destination, wal);
      rmSync(wal);
      return;
    }
    const unchanged = isSameState(after.stat, identityOf(before.stat)) && before.counter.equals(after.counter);
    if (!unchanged || after.wal !== null || after.hotJournal) throw new WrittenMeanwhile('it was written to meanwhile');
  },
};

/** What tells whether a database was written to. */
function look(database: string) {
  const stat = lstatSync(database, { bigint: true });
  const counter = head(database, CHANGE_COUNTER_OFFSET, 4) ?? Buffer.alloc(0);
  return { stat, counter, wal: head(`${database}-wal`, 0, WAL_HEADER_BYTES), hotJournal: hasHotJournal(database) };
}

/** Some bytes of a file; null when it is not there or ends before them. */
function head(path: string, position: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  try {
    const fd = openRegular(path);
    try {
      return readExactly(fd, bytes, 0, length, position) === length ? bytes : null;
    } finally {
      closeQuietly(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
