import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that commits to a database, as fast as it is told to, each time in two tables that must agree. */
export class Writer {
  readonly #child: ChildProcess;
  /** Commits that were acknowledged. */
  acknowledged = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * @param journal journal mode
   * @param commits number of commits before it stays idle with the database open; 0 for ever
   * @param pauseMs between two commits
   */
  static async start(database: string, journal: string, commits = 0, pauseMs = 0): Promise<Writer> {
    const script = `
import sqlite3, sys, time
db = sqlite3.connect(${JSON.stringify(database)}, isolation_level=None, timeout=30)
db.execute('PRAGMA journal_mode=${journal}')
db.execute('PRAGMA wal_autocheckpoint=40')
db.execute('CREATE TABLE IF NOT EXISTS total (n INTEGER)')
db.execute('CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY, payload BLOB)')
db.execute('CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text)')
db.execute('INSERT INTO total VALUES (0)')
n = 0
while ${commits} == 0 or n < ${commits}:
    n += 1
    db.execute('BEGIN IMMEDIATE')
    db.execute('UPDATE total SET n = ?', (n,))
    db.execute('INSERT INTO ledger VALUES (?, randomblob(3000))', (n,))
    db.execute('INSERT INTO words VALUES (?)', ('word%d' % n,))
    db.execute('COMMIT')
    print(n, flush=True)
    time.sleep(${pauseMs / 1000})
print('idle', flush=True)
sys.stdin.readline()
`;
    const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const writer = new Writer(child);
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('the writer ended')));
      let text = '';
      child.stdout.on('data', (data) => {
        text += data;
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) if (line !== 'idle') writer.acknowledged = Number(line);
        if (commits === 0 ? writer.acknowledged >= 30 : lines.includes('idle')) resolve();
      });
    });
    await ready;
    return writer;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

export interface Inspection {
  integrity: string;
  total: number;
  rows: number;
  words: number;
}

/** What copied databases say of themselves, asked from a process of its own. */
export function inspectAll(databases: string[]): Inspection[] {
  const script = `
import json, sqlite3, sys
answers = []
for path in sys.argv[1:]:
    db = sqlite3.connect(path)
    one = lambda sql: db.execute(sql).fetchone()[0]
    answers.append({'integrity': one('PRAGMA integrity_check'), 'total': one('SELECT n FROM total'),
      'rows': one('SELECT count(*) FROM ledger'), 'words': one("SELECT count(*) FROM words WHERE words MATCH 'word*'")})
    db.close()
print(json.dumps(answers))
`;
  return JSON.parse(execFileSync('python3', ['-c', script, ...databases], { encoding: 'utf8' }));
}

export function inspect(database: string): Inspection {
  const [answer] = inspectAll([database]);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}
