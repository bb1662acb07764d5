import { ALL_PAGES, BEGIN_READING, BUSY_TIMEOUT_MS, type DatabaseReader } from './database-reader.ts';

/** SQLite's online backup through the optional peer dependency; null where that is not installed or not built for this Node. */
export async function betterSqlite3Reader(): Promise<DatabaseReader | null> {
  const Database = await load();
  if (Database === null) return null;
  return {
    name: 'better-sqlite3',
    async copy(database, destination) {
      const source = new Database(database, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
      try {
        source.exec(BEGIN_READING);
        await source.backup(destination, { progress: () => ALL_PAGES });
      } finally {
        source.close();
      }
    },
  };
}

async function load(): Promise<typeof import('better-sqlite3') | null> {
  try {
    const { default: Database } = await import('better-sqlite3');
    // The native part is loaded with the first database.
    new Database(':memory:').close();
    return Database;
  } catch {
    return null;
  }
}
