/** What SQLite adds to the name of a database for what it keeps beside it: write-ahead log, rollback journal, shared memory. */
export const SIDE_FILE_SUFFIXES = ['-wal', '-journal', '-shm'] as const;
export type SideFileSuffix = (typeof SIDE_FILE_SUFFIXES)[number];

/** Every SQLite database begins with these bytes: https://sqlite.org/fileformat2.html#magic_header_string */
export const DATABASE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

/**
 * How side files begin: https://sqlite.org/fileformat2.html#walformat, https://sqlite.org/fileformat2.html#rollbackjournal,
 * https://sqlite.org/walformat.html#walidxfmt (in either byte order).
 */
export const SIDE_FILE_MAGICS: Readonly<Record<SideFileSuffix, readonly Buffer[]>> = {
  '-wal': [Buffer.from('377f0682', 'hex'), Buffer.from('377f0683', 'hex')],
  '-journal': [Buffer.from('d9d505f920a163d7', 'hex')],
  '-shm': [Buffer.from('18e22d00', 'hex'), Buffer.from('002de218', 'hex')],
};

/** The path, or name, of the database that a file belongs to by its name; null for every other file. */
export function databaseOf(path: string): string | null {
  const suffix = SIDE_FILE_SUFFIXES.find((each) => path.endsWith(each));
  const database = suffix === undefined ? '' : path.slice(0, -suffix.length);
  return database === '' || database.endsWith('/') ? null : database;
}
