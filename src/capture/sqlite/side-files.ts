import { closeQuietly, openRegular, readExactly } from '../open-regular.ts';

/** Every SQLite database begins with these bytes: https://sqlite.org/fileformat2.html#magic_header_string */
const DATABASE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
/** WAL: two values, for the byte order of its checksums. WAL index (`-shm`): its version, in either byte order. */
const SIDE_FILE_MAGICS = ['377f0682', '377f0683', 'd9d505f9', '18e22d00', '002de218'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

const SIDE_FILE = /^(.+)-(?:wal|shm|journal)$/s;

/** Smallest page of a database, and the unit that all page sizes are a multiple of. */
const SECTOR = 512;

/** Whether a name is one that SQLite gives to what it keeps beside a database. */
export function isSideFileName(name: string): boolean {
  return baseOf(name) !== null;
}

/** Whether content is that of a database, going by its first bytes. */
export function isDatabaseContent(content: Buffer): boolean {
  return content.subarray(0, DATABASE_MAGIC.length).equals(DATABASE_MAGIC);
}

/** The databases of one directory, found by their first bytes while it is walked in order. */
export class DatabasesOfDirectory {
  readonly #found = new Set<string>();
  readonly #withSideFiles = new Set<string>();

  /** @param names everything in the directory */
  constructor(names: readonly string[]) {
    for (const name of names) {
      const base = baseOf(name);
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
    if (!this.mayBeDatabase(name, size) || !beginsWith(absolute, [DATABASE_MAGIC])) return false;
    this.#found.add(name);
    return true;
  }

  /** Notes that a file is another name of a database that was met before, perhaps in another directory. */
  addName(name: string): void {
    this.#found.add(name);
  }

  /**
   * Why a file is no state of its own but part of how SQLite writes a database; null when it is not.
   *
   * @throws what the system says of one that cannot be read
   */
  sideFileReason(name: string, absolute: string): string | null {
    const base = baseOf(name);
    if (base === null) return null;
    // A database sorts before its side files, so it was met before them.
    if (this.#found.has(base)) return `part of the database ${base}, which is captured with it`;
    return beginsWith(absolute, SIDE_FILE_MAGICS) ? 'left behind by SQLite; its database is not here' : null;
  }
}

function baseOf(name: string): string | null {
  return name.endsWith('-wal') || name.endsWith('-shm') || name.endsWith('-journal')
    ? (SIDE_FILE.exec(name)?.[1] ?? null)
    : null;
}

function beginsWith(absolute: string, magics: readonly Buffer[]): boolean {
  const head = Buffer.alloc(16);
  const fd = openRegular(absolute);
  try {
    readExactly(fd, head, 0, head.length, 0);
  } finally {
    closeQuietly(fd);
  }
  return magics.some((magic) => head.subarray(0, magic.length).equals(magic));
}
