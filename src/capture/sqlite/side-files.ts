import { closeQuietly } from '../../system/close-quietly.ts';
import { DATABASE_MAGIC, databaseOf, SIDE_FILE_MAGICS, type SideFileSuffix } from '../../system/sqlite-files.ts';
import { isZero } from '../../system/write-sparse.ts';
import type { FileIdentity } from '../capture-item.ts';
import { openRegular, readExactly } from '../open-regular.ts';
import { systemReason } from '../system-reason.ts';

/** As long as the header of a journal, which shows what is needed. */
const HEAD_BYTES = 28;
/** Of a journal, magic and number of records: zeros until SQLite has synced it. A nonce follows, which is there from the beginning. */
const UNSYNCED_BYTES = 12;
/** In the header of a journal, the last two fields; both are powers of two. */
const SECTOR_SIZE_OFFSET = 20;
const PAGE_SIZE_OFFSET = 24;

/** Smallest page of a database, and the unit that all page sizes are a multiple of. */
const SECTOR = 512;

/** Whether a name is one that SQLite gives to what it keeps beside a database. */
export function isSideFileName(name: string): boolean {
  return databaseOf(name) !== null;
}

/** Whether content is that of a database, going by its first bytes. */
export function isDatabaseContent(content: Buffer): boolean {
  return content.subarray(0, DATABASE_MAGIC.length).equals(DATABASE_MAGIC);
}

/**
 * Whether a file is what SQLite keeps beside a database that is there, for whoever does not walk its directory. Of one
 * that cannot be read it is not known, and so it is none.
 */
export function isPartOfDatabase(absolute: string): boolean {
  const base = databaseOf(absolute);
  if (base === null) return false;
  try {
    if (!isDatabaseContent(readHead(base))) return false;
    return beginsAsSideFile(readHead(absolute), absolute.slice(base.length), 'known');
  } catch {
    return false;
  }
}

/** The databases of one directory, found by their first bytes while it is walked in order. */
export class DatabasesOfDirectory {
  readonly #found = new Set<string>();
  readonly #withSideFiles = new Set<string>();
  /** Files that are no database that SQLite reads without a key, and that something lies beside. */
  readonly #opaque = new Map<string, FileIdentity>();
  /** Of files that may be databases and are not in the snapshot, why. */
  readonly #missing = new Map<string, string>();

  /** @param names everything in the directory */
  constructor(names: readonly string[]) {
    for (const name of names) {
      const base = databaseOf(name);
      if (base !== null) this.#withSideFiles.add(base);
    }
  }

  /** Whether a file may be a database, going by its size or by what lies beside it. */
  mayBeDatabase(name: string, size: number): boolean {
    return (size % SECTOR === 0 && size > 0) || this.#withSideFiles.has(name);
  }

  /**
   * Whether a file is a database. Opens only what may be one.
   *
   * @throws what the system says of one that cannot be read: it must not be taken for a file of another sort
   */
  isDatabase(name: string, absolute: string, size: number): boolean {
    if (!this.mayBeDatabase(name, size) || !isDatabaseContent(readHead(absolute))) return false;
    this.#found.add(name);
    return true;
  }

  /** Notes that a file is another name of a database that was met before, perhaps in another directory. */
  addName(name: string): void {
    this.#found.add(name);
  }

  /** Notes that the user excluded a file, and so what SQLite keeps beside it, should it be a database. */
  exclude(name: string, reason: string): void {
    if (this.#withSideFiles.has(name)) this.#missing.set(name, `is excluded: ${reason}`);
  }

  /** Notes a file that is no database as far as can be seen: with what lies beside it, it may be an encrypted one. */
  keepOpaque(name: string, identity: FileIdentity): void {
    if (this.#withSideFiles.has(name)) this.#opaque.set(name, identity);
  }

  /**
   * The encrypted database that a file is a log or journal of, as it was when it was met; null when it is none of one.
   *
   * @throws what the system says of one that cannot be read
   */
  opaqueDatabaseOf(name: string, absolute: string): { name: string; identity: FileIdentity } | null {
    const base = databaseOf(name);
    const identity = base === null ? undefined : this.#opaque.get(base);
    if (base === null || identity === undefined || name.endsWith('-shm')) return null;
    const head = firstBytes(absolute);
    return head !== null && beginsAsSideFile(head, name.slice(base.length), 'opaque') ? { name: base, identity } : null;
  }

  /** Notes that a file that may be a database could not be captured. */
  lose(name: string): void {
    this.#found.delete(name);
    if (this.#withSideFiles.has(name)) this.#missing.set(name, 'could not be captured');
  }

  /**
   * Why a file is no state of its own but part of how SQLite writes a database; null when it is not. It is one where it begins as SQLite makes it
   * and its database is captured, was excluded by the user, or could not be captured: without that database it is of no use, and beside an older
   * one, SQLite would write what it holds into that. Beside anything else it is a file: an encrypted database, which nobody can read without its
   * key, is whole only with its write-ahead log.
   *
   * @throws what the system says of one that cannot be read
   */
  sideFileReason(name: string, absolute: string): string | null {
    const base = databaseOf(name);
    if (base === null) return null;
    // A database sorts before its side files, so it was met before them.
    const isCaptured = this.#found.has(base);
    const missing = this.#missing.get(base);
    if (!isCaptured && missing === undefined) return null;
    const head = firstBytes(absolute);
    const database = isCaptured ? 'known' : 'supposed';
    if (head !== null && !beginsAsSideFile(head, name.slice(base.length), database)) return null;
    return `part of the database ${base}, which ${isCaptured ? 'is captured with it' : missing}`;
  }
}

/**
 * Whether a file begins as SQLite makes it. It may hold nothing: be empty, or its header not written, not synced or wiped.
 *
 * @param database `known` where a database is beside it; `supposed` where nobody has looked, so that more is asked of a journal without a mark;
 *   `opaque` where it is none that can be read: then only the mark counts
 */
function beginsAsSideFile(head: Buffer, suffix: string, database: 'known' | 'supposed' | 'opaque'): boolean {
  if (SIDE_FILE_MAGICS[suffix as SideFileSuffix]?.some((magic) => head.subarray(0, magic.length).equals(magic)))
    return true;
  if (database === 'opaque') return false;
  if (suffix !== '-journal') return isZero(head);
  return isZero(head.subarray(0, UNSYNCED_BYTES)) && (database === 'known' || isZero(head) || hasSizes(head));
}

/** Whether a header of a journal has its sizes, which it has from the beginning. */
function hasSizes(header: Buffer): boolean {
  if (header.length < HEAD_BYTES) return false;
  const [sector, page] = [SECTOR_SIZE_OFFSET, PAGE_SIZE_OFFSET].map((at) => header.readUInt32BE(at)) as [
    number,
    number,
  ];
  return isPowerOfTwo(sector) && isPowerOfTwo(page) && page >= SECTOR;
}

function isPowerOfTwo(size: number): boolean {
  return size > 0 && (size & (size - 1)) === 0;
}

/** The first bytes of a file, null when it is gone. */
function firstBytes(absolute: string): Buffer | null {
  try {
    return readHead(absolute);
  } catch (error) {
    if (systemReason(error).status === 'deleted') return null;
    throw error;
  }
}

function readHead(absolute: string): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  const fd = openRegular(absolute);
  try {
    return head.subarray(0, readExactly(fd, head, 0, head.length, 0));
  } finally {
    closeQuietly(fd);
  }
}
