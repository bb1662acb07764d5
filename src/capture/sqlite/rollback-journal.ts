import { closeSync, existsSync, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { closeQuietly } from '../../system/close-quietly.ts';
import { StepClock } from '../../workers/step-clock.ts';
import { openRegular, readExactly } from '../open-regular.ts';
import { writeExactly } from '../write-exactly.ts';

// https://sqlite.org/fileformat2.html#the_rollback_journal, and pager_playback in SQLite's pager.c

/** A segment begins with these: magic, number of records, nonce, pages of the database, size of a sector, size of a page. */
const MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const HEADER_BYTES = 28;
/** As a number of records: as many as the file has room for. */
const ALL_RECORDS = 0xffff_ffff;
/** SQLite never stores anything in the page that holds this byte. */
const PENDING_BYTE = 0x4000_0000;
/** Length, checksum and magic after the name of a super-journal. */
const SUPER_TRAILER_BYTES = 16;
const MAX_NAME_BYTES = 4096;

/** One segment: what its header says. */
interface Segment {
  records: number;
  nonce: number;
  /** Pages of the database before the transaction. */
  databasePages: number;
  sectorSize: number;
  pageSize: number;
}

/**
 * What became of the transaction that a journal belongs to:
 *
 * - `open`: it was not committed; the database is whole again once the journal is rolled back.
 * - `committed`: it was one over several databases, which is done; the journal is only left over.
 * - `unknown`: it is one over several databases, and where their common journal lies cannot be looked at from here.
 */
export type TransactionState = 'open' | 'committed' | 'unknown';

/**
 * Finds out whether a hot journal is to be rolled back. A transaction over several databases names its super-journal in the
 * journal of each; it is committed when that is deleted.
 *
 * @param journal path of the journal, or of a copy of it
 * @param database path of the database that it belongs to
 */
export function transactionState(journal: string, database: string): TransactionState {
  const fd = openRegular(journal);
  try {
    const name = superJournalOf(fd);
    if (name === null) return 'open';
    // It lies beside one of the databases; another container may see that folder elsewhere.
    if (existsSync(name) || existsSync(join(dirname(database), basename(name)))) return 'open';
    return existsSync(dirname(name)) ? 'committed' : 'unknown';
  } finally {
    closeQuietly(fd);
  }
}

function superJournalOf(fd: number): string | null {
  const size = fstatSync(fd).size;
  if (size < SUPER_TRAILER_BYTES) return null;
  const trailer = Buffer.alloc(SUPER_TRAILER_BYTES);
  if (readExactly(fd, trailer, 0, trailer.length, size - trailer.length) < trailer.length) return null;
  const length = trailer.readUInt32BE(0);
  if (!trailer.subarray(8).equals(MAGIC) || length === 0 || length > MAX_NAME_BYTES) return null;
  if (size < SUPER_TRAILER_BYTES + length) return null;
  const name = Buffer.alloc(length);
  if (readExactly(fd, name, 0, length, size - SUPER_TRAILER_BYTES - length) < length) return null;
  // The sum of its characters, which are signed numbers or not as the processor has them.
  let [signed, unsigned] = [0, 0];
  for (const byte of name) {
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const checksum = trailer.readUInt32BE(4);
  return checksum === signed >>> 0 || checksum === unsigned >>> 0 ? name.toString('utf8') : null;
}

/**
 * Rolls a journal back, as SQLite does when it opens the database that a killed process has left. For private copies of both.
 *
 * @param database path of the database, which becomes what it was before the transaction
 * @param journal path of its journal, which is only read
 */
export async function rollBack(database: string, journal: string, signal?: AbortSignal): Promise<void> {
  const journalFd = openSync(journal, 'r');
  try {
    const first = readSegment(journalFd, 0, null);
    if (first === null) return;
    const databaseFd = openSync(database, 'r+');
    try {
      ftruncateSync(databaseFd, first.databasePages * first.pageSize);
      await restorePages(journalFd, databaseFd, first, new StepClock(signal));
    } finally {
      closeSync(databaseFd);
    }
  } finally {
    closeSync(journalFd);
  }
}

/** Writes back the pages of all segments, up to the first record that was not written whole. */
async function restorePages(journalFd: number, databaseFd: number, first: Segment, clock: StepClock): Promise<void> {
  const { pageSize, sectorSize, databasePages } = first;
  const end = fstatSync(journalFd).size;
  const unused = Math.floor(PENDING_BYTE / pageSize) + 1;
  const record = Buffer.alloc(pageSize + 8);
  let at = 0;
  for (let segment: Segment | null = first; segment !== null; segment = readSegment(journalFd, at, first)) {
    at += sectorSize;
    const room = Math.floor((end - at) / record.length);
    const records = segment.records === ALL_RECORDS ? room : Math.min(segment.records, room);
    for (let i = 0; i < records; i++, at += record.length) {
      if (readExactly(journalFd, record, 0, record.length, at) < record.length) return;
      const page = record.readUInt32BE(0);
      if (page === 0 || page === unused) return;
      if (page > databasePages) continue;
      if (record.readUInt32BE(4 + pageSize) !== checksumOf(record, segment.nonce, pageSize)) return;
      writeExactly(databaseFd, record, 4, pageSize, (page - 1) * pageSize);
      await clock.step(pageSize);
    }
    if (records < segment.records) return;
    at = Math.ceil(at / sectorSize) * sectorSize;
  }
}

/** The nonce and every 200th byte of the page, from its end. */
function checksumOf(record: Buffer, nonce: number, pageSize: number): number {
  let sum = nonce;
  for (let at = pageSize - 200; at > 0; at -= 200) sum += record[4 + at] ?? 0;
  return sum >>> 0;
}

/** @param first the first segment, whose sizes hold for all; null for that one itself */
function readSegment(fd: number, at: number, first: Segment | null): Segment | null {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readExactly(fd, header, 0, HEADER_BYTES, at) < HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC)) return null;
  const segment: Segment = {
    records: header.readUInt32BE(8),
    nonce: header.readUInt32BE(12),
    databasePages: header.readUInt32BE(16),
    sectorSize: first?.sectorSize ?? header.readUInt32BE(20),
    pageSize: first?.pageSize ?? header.readUInt32BE(24),
  };
  return isSize(segment.pageSize, 512) && isSize(segment.sectorSize, 32) ? segment : null;
}

function isSize(size: number, least: number): boolean {
  return size >= least && size <= 65_536 && (size & (size - 1)) === 0;
}
