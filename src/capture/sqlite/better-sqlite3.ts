import { throwIfAborted } from '../../workers/abort.ts';
import { BUSY_TIMEOUT_MS, beginReading, beginsReading, type DatabaseReader, PAGES_AT_ONCE } from './database-reader.ts';

/** SQLite's online backup through the optional peer dependency; null where that is not installed or not built for this Node. */
export async function betterSqlite3Reader(): Promise<DatabaseReader | null> {
  const Database = await load();
  if (Database === null) return null;
  const open = (database: string) =>
    new Database(database, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  return {
    name: 'better-sqlite3',
    async copy(database, destination, conditions) {
      const { signal } = conditions;
      const source = open(database);
      try {
        await beginReading(source, conditions);
        const progress = () => {
          throwIfAborted(signal);
          return PAGES_AT_ONCE;
        };
        await source.backup(destination, { progress });
        return null;
      } finally {
        source.close();
      }
    },
    isFree(database) {
      const source = open(database);
      try {
        return beginsReading(source);
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
