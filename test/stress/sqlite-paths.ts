import type { CreateOptions } from 'oxios-backup';

export type SqlitePath = NonNullable<CreateOptions['sqlite']>;

/** The ways to copy databases that this Node has. */
export async function sqlitePaths(): Promise<SqlitePath[]> {
  const paths: SqlitePath[] = ['raw-copy'];
  const sqlite = process.getBuiltinModule('node:sqlite' as 'node:fs') as { backup?: unknown } | undefined;
  if (sqlite?.backup !== undefined) paths.unshift('node');
  try {
    const { default: Database } = await import('better-sqlite3');
    new Database(':memory:').close();
    paths.unshift('better-sqlite3');
  } catch {
    // Not installed, or not built for this Node.
  }
  return paths;
}
