import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CaptureItem } from '../../../src/capture/capture-item.ts';
import { type Collected, collect, temporaryFolder } from '../collect.ts';
import { PythonScript } from './python-script.ts';

let folder: ReturnType<typeof temporaryFolder>;
let state: string;
const scripts: PythonScript[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  state = join(folder.path, 'state');
  for (const name of ['state/a', 'state/m', 'state/z', 'scratch', 'outside'])
    mkdirSync(join(folder.path, name), { recursive: true });
});
afterEach(async () => {
  for (const script of scripts.splice(0)) await script.kill();
  folder.remove();
});

/** "committed" stands in the write-ahead log beside this name only; killed or not. */
async function writeAheadOf(database: string, killed = true): Promise<void> {
  const script = await PythonScript.start(
    `
db = connect()
db.execute('pragma journal_mode=wal')
db.execute('create table t (v)')
db.execute('pragma wal_checkpoint(truncate)')
db.execute('pragma wal_autocheckpoint=0')
db.execute("insert into t values ('committed')")
ready()
`,
    database,
  );
  scripts.push(script);
  if (killed) await script.kill();
}

/** Half of a transaction is written; its journal stands beside this name only. */
async function halfWritten(database: string): Promise<void> {
  const script = await PythonScript.start(
    `
db = connect()
db.execute('pragma cache_size=5')
db.execute('create table t (v)')
db.execute("insert into t values ('committed')")
db.execute('begin')
db.execute("update t set v = 'torn'")
for i in range(500): db.execute('insert into t values (?)', ('c' * 500,))
ready()
`,
    database,
  );
  await script.kill();
}

const capture = (excludes: string[] = []): Promise<Collected> =>
  collect(state, { scratch: () => join(folder.path, 'scratch'), excludes });

function answer(items: CaptureItem[], path: string): string {
  const item = items.find((candidate) => candidate.path === path);
  if (item?.type !== 'file' || item.source.kind === 'bytes') throw new Error(`${path} is no file`);
  const script = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute('pragma integrity_check').fetchone()[0], *(row[0] for row in db.execute('select v from t')))`;
  return execFileSync('python3', ['-c', script, item.source.absolute], { encoding: 'utf8' }).trim();
}

test.each([
  ['a/x.db', 'a/alias.db', true],
  ['a/x.db', 'z/alias.db', true],
  ['z/x.db', 'a/alias.db', true],
  ['a/x.db', 'a/alias.db', false],
  ['z/x.db', 'a/alias.db', false],
])('what is committed beside %s comes with its other name %s (killed: %s)', async (name, alias, killed) => {
  await writeAheadOf(join(state, name), killed);
  linkSync(join(state, name), join(state, alias));
  const { items, incomplete, excluded } = await capture();
  expect(incomplete).toEqual([]);
  const [first, second] = [name, alias].sort() as [string, string];
  expect(answer(items, first)).toBe('ok committed');
  expect(items.find(({ path }) => path === second)).toMatchObject({ type: 'hardlink', link: first });
  expect(items.map(({ path }) => path).filter((path) => path.endsWith('-wal'))).toEqual([]);
  expect(excluded.map(({ path }) => path)).toContain(`${name}-wal`);
});

test.each([
  ['a/x.db', 'z/alias.db'],
  ['z/x.db', 'a/alias.db'],
])('the journal beside %s is rolled back, though %s is its other name', async (name, alias) => {
  await halfWritten(join(state, name));
  linkSync(join(state, name), join(state, alias));
  const { items, incomplete } = await capture();
  expect(incomplete).toEqual([]);
  expect(answer(items, [name, alias].sort()[0] as string)).toBe('ok committed');
});

test('two names that both have something committed beside them are named as inconsistent, of all names', async () => {
  await writeAheadOf(join(state, 'm/x.db'));
  linkSync(join(state, 'm/x.db'), join(state, 'a/y.db'));
  copyFileSync(join(state, 'm/x.db-wal'), join(state, 'a/y.db-wal'));
  const { incomplete, items } = await capture();
  expect(incomplete).toMatchObject([
    { path: 'a/y.db', status: 'unreadable', detail: expect.stringContaining('a/y.db and m/x.db') },
    { path: 'm/x.db', status: 'unreadable' },
  ]);
  // A log alone is of no use, and beside another state of its database a danger.
  expect(items.filter(({ type }) => type !== 'directory')).toEqual([]);
});

test('an empty log beside one name does not speak against what is committed beside the other', async () => {
  await writeAheadOf(join(state, 'm/x.db'));
  linkSync(join(state, 'm/x.db'), join(state, 'a/y.db'));
  writeFileSync(join(state, 'a/y.db-wal'), '');
  copyFileSync(join(state, 'm/x.db-wal'), join(state, 'z/y.db-wal'));
  linkSync(join(state, 'm/x.db'), join(state, 'z/y.db'));
  truncateSync(join(state, 'z/y.db-wal'), 100);
  const { items, incomplete } = await capture();
  expect(incomplete).toEqual([]);
  expect(answer(items, 'a/y.db')).toBe('ok committed');
});

test.each(['outside', 'excluded'])(
  'a name that is %s may have something committed beside it: that is said',
  async (where) => {
    const hidden = where === 'outside' ? join(folder.path, 'outside/x.db') : join(state, 'z/x.db');
    await writeAheadOf(hidden);
    linkSync(hidden, join(state, 'a/y.db'));
    const { items } = await capture(where === 'outside' ? [] : ['/z']);
    const item = items.find(({ path }) => path === 'a/y.db');
    expect(item).toMatchObject({
      source: { status: 'inconsistent', detail: expect.stringContaining('1 of its names') },
    });
  },
);

test('a name outside is of no matter when what counts lies beside one that is found', async () => {
  await writeAheadOf(join(state, 'm/x.db'));
  linkSync(join(state, 'm/x.db'), join(folder.path, 'outside/x.db'));
  linkSync(join(state, 'm/x.db'), join(state, 'a/y.db'));
  const { items, incomplete } = await capture(['/a']);
  expect(incomplete).toEqual([]);
  expect(answer(items, 'm/x.db')).toBe('ok committed');
  expect(items.find(({ path }) => path === 'm/x.db')).toMatchObject({ source: { status: 'ok' } });
});

test('with a journal outside, a copy that is not whole is no good one', async () => {
  const hidden = join(folder.path, 'outside/x.db');
  await halfWritten(hidden);
  linkSync(hidden, join(state, 'a/y.db'));
  const torn = await capture();
  const item = torn.items.find(({ path }) => path === 'a/y.db');
  expect(item).toMatchObject({ source: { status: 'inconsistent', detail: expect.stringContaining('journal') } });
  // Once it is rolled back, nothing speaks against it.
  execFileSync('python3', [
    '-c',
    'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("select * from t")',
    hidden,
  ]);
  rmSync(`${hidden}-journal`, { force: true });
  const whole = await capture();
  expect(answer(whole.items, 'a/y.db')).toBe('ok committed');
  expect(whole.notices).toMatchObject([{ path: 'a/y.db', message: expect.stringContaining('hard link') }]);
});
