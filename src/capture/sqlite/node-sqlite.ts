import { throwIfAborted } from '../../workers/abort.ts';
import { BUSY_TIMEOUT_MS, type DatabaseReader, libraryReader, PAGES_AT_ONCE } from './database-reader.ts';

/** The part of `node:sqlite` that is used: the types of Node 20 do not know the module. */
interface NodeSqlite {
  DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => NodeDatabase;
  /** Since Node 22.16 and 23.8. */
  backup?: (source: NodeDatabase, path: string, options: { rate: number; progress: () => void }) => Promise<number>;
}

interface NodeDatabase {
  exec(sql: string): void;
  close(): void;
}

/** SQLite's online backup as Node itself has it; null where it does not. */
export function nodeSqliteReader(): DatabaseReader | null {
  const sqlite = loadSilently();
  const backup = sqlite?.backup;
  if (sqlite === undefined || backup === undefined) return null;
  const open = (database: string) => new sqlite.DatabaseSync(database, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  return libraryReader('node', open, (source, destination, signal) =>
    backup(source, destination, { rate: PAGES_AT_ONCE, progress: () => throwIfAborted(signal) }),
  );
}

/** Node warns on standard error that the module is experimental; a library has nothing to say there. */
function loadSilently(): NodeSqlite | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as NodeSqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}
