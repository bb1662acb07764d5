import { throwIfAborted } from '../../workers/abort.ts';
import { BUSY_TIMEOUT_MS, type DatabaseReader, libraryReader, PAGES_AT_ONCE } from './database-reader.ts';

/** SQLite's online backup through the optional peer dependency; null where that is not installed or not built for this Node. */
export async function betterSqlite3Reader(): Promise<DatabaseReader | null> {
  const Database = await load();
  if (Database === null) return null;
  const open = (database: string) =>
    new Database(database, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  return libraryReader('better-sqlite3', open, (source, destination, signal) => {
    const progress = () => {
      throwIfAborted(signal);
      return PAGES_AT_ONCE;
    };
    return source.backup(destination, { progress });
  });
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
