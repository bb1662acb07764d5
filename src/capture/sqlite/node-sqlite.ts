import { ALL_PAGES, BEGIN_READING, BUSY_TIMEOUT_MS, type DatabaseReader } from './database-reader.ts';

/** The part of `node:sqlite` that is used: the types of Node 20 do not know the module. */
interface NodeSqlite {
  DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => NodeDatabase;
  /** Since Node 22.16 and 23.8. */
  backup?: (source: NodeDatabase, path: string, options: { rate: number }) => Promise<number>;
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
  return {
    name: 'node',
    async copy(database, destination) {
      const source = new sqlite.DatabaseSync(database, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      try {
        source.exec(BEGIN_READING);
        await backup(source, destination, { rate: ALL_PAGES });
      } finally {
        source.close();
      }
    },
  };
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
