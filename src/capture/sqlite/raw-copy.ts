import { type BigIntStats, lstatSync, rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { lstatIfAny } from '../../system/stat-if-any.ts';
import { copyLiveFile } from '../copy-live-file.ts';
import { identityOf, isSameState, isWithinGranularity } from '../file-state.ts';
import { findDefect } from './check-structure.ts';
import { headOf, isInWalMode } from './database-header.ts';
import { type CopyConditions, DatabaseLocked, type DatabaseReader } from './database-reader.ts';
import { type WriteLock, writeLockOn } from './file-locks.ts';
import { hasHotJournal } from './idle-database.ts';
import { replayWal, WAL_HEADER_BYTES } from './replay-wal.ts';
import { rollBack, transactionState } from './rollback-journal.ts';

/** Of the database header: the counter that each commit without WAL changes. */
const CHANGE_COUNTER_OFFSET = 24;

/** Longer than a tick of the clock that stamps files: a write that comes later shows. */
const TICK_MS = 25;

/** An attempt failed because a process is writing to the database. */
export class ConcurrentWriteError extends Error {}

/**
 * Copies a database and its side files without any library, hence without a lock of its own, and joins them in the copy.
 *
 * With a WAL: its header holds two salts that change when SQLite begins to write it from the start. If they are the same
 * before the database is copied and after the WAL is, then every page that a checkpoint moved meanwhile is in that WAL
 * too, so that the copy of the WAL mends whatever is mixed in the copy of the database.
 *
 * Without one, the database and its rollback journal must not change at all meanwhile. Together they are then what a
 * killed process would have left at that moment, and are rolled back as SQLite would.
 *
 * A writer that keeps its journal in memory, or has none, shows by its lock.
 */
export const rawCopy: DatabaseReader = {
  name: 'raw-copy',
  async copy(database, destination, conditions) {
    const { signal } = conditions;
    const before = look(database);
    // What was written in this very tick does not show when it is written again.
    if (isWithinGranularity(newest(before), Date.now())) await setTimeout(TICK_MS);
    const first = look(database);
    const needsLock = first.wal === null && !first.isHot;
    if (needsLock) assertNotHalfWritten(database, first, conditions);

    await copyLiveFile(database, destination, signal);
    const wal = `${destination}-wal`;
    if (first.wal !== null) await copyLiveFile(`${database}-wal`, wal, signal);
    const journal = `${destination}-journal`;
    if (first.isHot) await copyLiveFile(`${database}-journal`, journal, signal);

    const last = look(database);
    assertSame(first, last);
    if (needsLock) assertNotHalfWritten(database, last, conditions);
    if (first.isHot) {
      await endTransaction(database, destination, journal, signal);
      rmSync(journal);
    }
    if (first.wal !== null) {
      await replayWal(destination, wal, signal);
      rmSync(wal);
    }
    if (!needsLock || conditions.isFree || first.lock !== 'unknown' || isInWalMode(destination)) return null;
    const defect = await findDefect(destination, signal);
    return defect === null ? null : `${defect}: damaged, or a process whose locks are not shown here is writing to it`;
  },
};

interface Look {
  stat: BigIntStats;
  counter: Buffer | null;
  /** The header of the WAL; null where there is none, or nothing in it. */
  wal: Buffer | null;
  journal: BigIntStats | undefined;
  isHot: boolean;
  lock: WriteLock;
}

/** What shows whether a database was written to. */
function look(database: string): Look {
  const stat = lstatSync(database, { bigint: true });
  return {
    stat,
    counter: headOf(database, CHANGE_COUNTER_OFFSET, 4),
    wal: headOf(`${database}-wal`, 0, WAL_HEADER_BYTES),
    journal: lstatIfAny(`${database}-journal`),
    isHot: hasHotJournal(database),
    lock: writeLockOn(database),
  };
}

function newest({ stat, journal }: Look): bigint {
  return journal !== undefined && journal.mtimeNs > stat.mtimeNs ? journal.mtimeNs : stat.mtimeNs;
}

function assertSame(first: Look, last: Look): void {
  if (first.wal !== null && (last.wal === null || !first.wal.equals(last.wal))) {
    throw new ConcurrentWriteError('its WAL was begun anew meanwhile');
  }
  // What a checkpoint writes into the database is in the WAL.
  const unchanged =
    isSameState(last.stat, identityOf(first.stat)) &&
    (first.counter ?? Buffer.alloc(0)).equals(last.counter ?? Buffer.alloc(0));
  if (first.wal === null && (!unchanged || last.wal !== null))
    throw new ConcurrentWriteError('it was written to meanwhile');
  if (first.isHot !== last.isHot || (first.isHot && !(unchanged && isSameJournal(first, last)))) {
    throw new ConcurrentWriteError('a transaction began, ended or went on meanwhile');
  }
}

function isSameJournal(first: Look, last: Look): boolean {
  return (
    first.journal !== undefined && last.journal !== undefined && isSameState(last.journal, identityOf(first.journal))
  );
}

/**
 * A process that writes holds the database exclusively. Who does so for good (`locking_mode=EXCLUSIVE`) leaves its journal
 * lying there between two transactions, emptied or begun with zeros, later than the last page that it wrote.
 */
function assertNotHalfWritten(database: string, { lock, stat, journal }: Look, { refused }: CopyConditions): void {
  if (lock !== 'exclusive' && !(refused && lock === 'unknown')) return;
  if (journal !== undefined && journal.mtimeNs >= stat.mtimeNs) return;
  // In WAL mode, with all of it moved into the database.
  if (isInWalMode(database) && lstatIfAny(`${database}-wal`) !== undefined) return;
  throw new DatabaseLocked();
}

async function endTransaction(
  database: string,
  copy: string,
  journal: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const state = transactionState(journal, database);
  if (state === 'open') await rollBack(copy, journal, signal);
  if (state === 'unknown') {
    throw new Error('its journal is part of a transaction over several databases, and the others cannot be found');
  }
}
