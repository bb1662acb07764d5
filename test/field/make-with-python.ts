import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a writer of a database ends. */
export type Ending = 'closed' | 'idle' | 'in transaction';

export type JournalMode = 'delete' | 'truncate' | 'persist' | 'memory' | 'off' | 'wal';

/** What Node cannot make by itself. Paths are absolute. */
export type SystemStep =
  | {
      make: 'database';
      path: string;
      journal: JournalMode;
      pageSize: number;
      encoding: string;
      autoVacuum: number;
      rows: number;
      /** The writer is killed unless it is `closed`. */
      ending: Ending;
      /** Another name, made before anything is written. */
      alias?: string;
    }
  | { make: 'socket' | 'fifo' | 'device'; path: string }
  /** A name with a byte that is not UTF-8. */
  | { make: 'undecodable'; path: string; type: 'file' | 'directory' };

const SCRIPT = fileURLToPath(new URL('./make.py', import.meta.url));
const READER = fileURLToPath(new URL('./read-databases.py', import.meta.url));

/** Does all steps in one process, and a killed one for each database. */
export function makeWithPython(steps: readonly SystemStep[]): void {
  if (steps.length > 0) run(SCRIPT, JSON.stringify(steps));
}

/**
 * What SQLite says is in databases, and how sound they are: of copies, with what lies beside them.
 *
 * @param paths absolute
 */
export function readDatabases(paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : (JSON.parse(run(READER, JSON.stringify(paths))) as string[]);
}

function run(script: string, input: string): string {
  const { status, stdout, stderr } = spawnSync('python3', [script], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout;
}
