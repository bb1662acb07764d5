import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, isIncomplete, restoreSnapshot, verifySnapshot } from 'oxios-backup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SqlitePath, sqlitePaths } from '../stress/sqlite-paths.ts';
import { Writer } from '../stress/writer.ts';
import { TempDir } from '../workroom.ts';
import { CaseCounter, TORTURE } from './case-counter.ts';

const MODES = ['DELETE', 'PERSIST', 'TRUNCATE', 'WAL'];
/** How a writer syncs. Empty: as SQLite does by default. */
const SYNCHRONOUS = TORTURE ? ['', 'NORMAL', 'OFF'] : [''];
/** Pauses between two commits in milliseconds, rows a commit, pages of the cache: with few, a transaction is written before it is committed. */
const RHYTHMS = [
  ['3', '1', '0'],
  ['30', '40', '5'],
  ['0', '5', '0'],
  ['120', '200', '5'],
] as const;

const ROUNDS = TORTURE ? 40 : 1;

const room = new TempDir();
let databases: LiveDatabase[];
let state: string;

/** A database, and the process that writes to it. */
class LiveDatabase {
  readonly name: string;
  readonly #args: string[];
  #writer: Writer | null = null;
  /** Number of the last row of which the writer said that it is committed. */
  acknowledged = 0;

  constructor(name: string, args: string[]) {
    this.name = name;
    this.#args = args;
  }

  async start(): Promise<void> {
    this.#writer = await Writer.start('database', this.#args, (text) => {
      this.acknowledged = Number(text);
    });
  }

  async kill(): Promise<void> {
    await this.#writer?.kill();
  }

  get isDead(): boolean {
    return this.#writer?.isDead ?? true;
  }

  async stop(): Promise<void> {
    await this.#writer?.stop();
  }
}

beforeEach(async () => {
  state = room.fresh('state');
  mkdirSync(join(state, 'seeds'), { recursive: true });
  writeFileSync(join(state, 'seeds/a.json'), '{}');
  databases = MODES.flatMap((mode, i) =>
    SYNCHRONOUS.map((synchronous, k) => {
      const name = `${mode}-${synchronous}.db`;
      const [pause, rows, cache] = RHYTHMS[(i + k) % RHYTHMS.length] ?? RHYTHMS[0];
      return new LiveDatabase(name, [
        join(state, name),
        mode,
        pause,
        mode === 'WAL' ? '7' : '0',
        synchronous,
        rows,
        cache,
      ]);
    }),
  );
  await Promise.all(databases.map((database) => database.start()));
});
afterEach(async () => {
  await Promise.all(databases.map((database) => database.stop()));
});

/** What is wrong with the databases of a restored tree, a line each. */
function wrongIn(tree: string, acknowledged: ReadonlyMap<string, number>, named: ReadonlySet<string>): string[] {
  const found = readdirSync(tree).filter((name) => name !== 'seeds');
  const expected = [...acknowledged.keys()].filter((name) => !named.has(name));
  expect(found.filter((name) => !named.has(name)).sort()).toEqual(expected.sort());
  const paths = expected.map((name) => join(tree, name));
  // Opened to be written to: what lies beside one is taken into it, as by whoever works with what was restored.
  const checked = paths.map((path) => execFileSync('sqlite3', [path, 'PRAGMA integrity_check'], { encoding: 'utf8' }));
  const script = join(import.meta.dirname, '../stress/inspect_databases.py');
  const answers: { integrity: string; agrees: boolean; counter: number }[] = JSON.parse(
    execFileSync('python3', [script, ...paths], { encoding: 'utf8' }),
  );
  return expected.flatMap((name, i) => {
    const { integrity, agrees, counter } = answers[i] ?? { integrity: '', agrees: false, counter: 0 };
    const wrong: string[] = [];
    if (checked[i] !== 'ok\n' || integrity !== 'ok') wrong.push(`${name}: ${checked[i]} ${integrity}`);
    if (!agrees) wrong.push(`${name}: its tables do not agree`);
    const least = acknowledged.get(name) ?? 0;
    if (counter < least) wrong.push(`${name}: ${counter} rows, ${least} were acknowledged`);
    return wrong;
  });
}

async function round(number: number, sqlite: SqlitePath): Promise<void> {
  const snapshot = room.fresh('snapshot');
  const tree = room.fresh('restored');
  // One or two that were killed leave what SQLite rolls back when the database is opened.
  const killed = databases.filter((_, i) => i % 6 === number % 6).slice(0, (number + 1) % 3);
  await Promise.all(killed.map((database) => database.kill()));
  const acknowledged = new Map(databases.map((database) => [database.name, database.acknowledged]));
  try {
    const made = await createSnapshot({ stateDir: state, output: snapshot, sqlite });
    const named = new Set(made.statuses.filter(({ status }) => isIncomplete(status)).map(({ path }) => path));
    // Without a lock, a busy database may not be had; it is never had wrong.
    if (sqlite !== 'raw-copy') expect([...named]).toEqual([]);
    expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, problems: [] });
    await restoreSnapshot({ stateDir: tree, snapshot });
    const wrong = wrongIn(tree, acknowledged, named);
    expect(wrong, wrong.join('; ')).toEqual([]);
  } finally {
    for (const path of [snapshot, tree]) rmSync(path, { recursive: true, force: true });
    await Promise.all(killed.map((database) => database.start()));
  }
  expect(databases.filter(({ isDead }) => isDead).map(({ name }) => name)).toEqual([]);
}

for (const sqlite of await sqlitePaths()) {
  test(`databases in every journal mode are one state when they are restored, by ${sqlite}`, async (context) => {
    const counter = new CaseCounter(context, `a snapshot of databases that are written to, by ${sqlite}`);
    for (let i = 0; i < ROUNDS; i++) await counter.case(`round ${i}`, () => round(i, sqlite));
    counter.finish();
  });
}
