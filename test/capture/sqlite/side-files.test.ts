import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DatabasesOfDirectory } from '../../../src/capture/sqlite/side-files.ts';
import { TempDir } from '../../workroom.ts';
import { collect } from '../collect.ts';
import { PythonScript } from './python-script.ts';

const room = new TempDir();
const WAL = Buffer.from('377f0682002de218', 'hex');

test('what may be a database and cannot be read is no file of another sort', () => {
  const names = ['diary', 'diary-journal', 'memory.db', 'memory.db-wal'];
  const databases = new DatabasesOfDirectory(names);
  for (const name of ['diary', 'memory.db']) {
    expect(() => databases.isDatabase(name, room.path(name), 4096)).toThrow('ENOENT');
  }
  // Nobody knows yet that it is not there.
  writeFileSync(room.path('memory.db-wal'), WAL);
  expect(databases.sideFileReason('memory.db-wal', room.path('memory.db-wal'))).toBeNull();
});

test('only what begins as SQLite makes it is part of a database', () => {
  const databases = new DatabasesOfDirectory(['a.db', 'a.db-journal', 'a.db-shm', 'a.db-wal']);
  writeFileSync(room.path('a.db'), Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(496)]));
  expect(databases.isDatabase('a.db', room.path('a.db'), 512)).toBe(true);
  const reasonOf = (name: string, content: Buffer | string) => {
    writeFileSync(room.path(name), content);
    return databases.sideFileReason(name, room.path(name));
  };
  for (const content of [WAL, '', Buffer.alloc(100)]) expect(reasonOf('a.db-wal', content)).toMatch('captured with it');
  expect(reasonOf('a.db-wal', 'A wall')).toBeNull();
  expect(reasonOf('a.db-journal', Buffer.from('d9d505f920a163d7', 'hex'))).toMatch('captured with it');
  const unsynced = Buffer.from('000000000000000000000000bd78a89e000000020000020000001000', 'hex');
  expect(reasonOf('a.db-journal', unsynced)).toMatch('captured with it');
  expect(reasonOf('a.db-journal', WAL)).toBeNull();
  expect(reasonOf('a.db-shm', Buffer.from('18e22d00', 'hex'))).toMatch('captured with it');
  databases.lose('a.db');
  expect(reasonOf('a.db-wal', WAL)).toBe('part of the database a.db, which could not be captured');
  expect(reasonOf('a.db-wal', 'A wall')).toBeNull();
});

test('what lies beside an excluded database is excluded, if it is what it seems', () => {
  const databases = new DatabasesOfDirectory(['b.db', 'b.db-journal', 'b.db-wal']);
  databases.exclude('b.db', 'matches *.db');
  const reasonOf = (suffix: string, content: Buffer | string) => {
    writeFileSync(room.path(`b.db${suffix}`), content);
    return databases.sideFileReason(`b.db${suffix}`, room.path(`b.db${suffix}`));
  };
  for (const content of [WAL, '', Buffer.alloc(100)])
    expect(reasonOf('-wal', content)).toBe('part of the database b.db, which is excluded: matches *.db');
  const unsynced = Buffer.from('000000000000000000000000bd78a89e000000020000020000001000', 'hex');
  for (const content of [unsynced, '', Buffer.alloc(512)])
    expect(reasonOf('-journal', content)).toMatch('matches *.db');
  for (const content of ['text', Buffer.concat([Buffer.alloc(12), Buffer.from('what a user wrote')])])
    expect(reasonOf('-journal', content)).toBeNull();
});

test('an excluded directory is no database: what has such a name beside it is a file', async () => {
  const state = room.fresh('state');
  mkdirSync(`${state}/bullet`, { recursive: true });
  writeFileSync(`${state}/bullet-journal`, '');
  writeFileSync(`${state}/bullet-wal`, Buffer.concat([Buffer.alloc(100), Buffer.from('what a user wrote')]));
  const { paths, excluded } = await collect(state, { excludes: ['bullet'] });
  expect(paths).toEqual(['bullet-journal', 'bullet-wal']);
  expect(excluded.map(({ path }) => path)).toEqual(['bullet']);
});

/** How a process works on a database, and what lies beside it then. */
const AT_WORK: [what: string, script: string, beside: string[]][] = [
  ['a transaction is open', '', ['-journal']],
  [
    'a transaction is written to the database before it is committed',
    'db.execute("PRAGMA cache_size=2")',
    ['-journal'],
  ],
  ['its journal stays there', 'db.execute("PRAGMA journal_mode=PERSIST")', ['-journal']],
  ['its journal stays there, empty', 'db.execute("PRAGMA journal_mode=TRUNCATE")', ['-journal']],
  ['it has a write-ahead log', 'db.execute("PRAGMA journal_mode=WAL")', ['-shm', '-wal']],
];

for (const [what, script, beside] of AT_WORK) {
  for (const isOpen of [true, false]) {
    test(`nothing of an excluded database is captured, ${what}${isOpen ? '' : ', done by now'}`, async () => {
      const state = room.fresh('state');
      mkdirSync(state);
      const work = await PythonScript.start(
        `
db = connect()
${script}
db.execute('CREATE TABLE t (v)')
db.execute('INSERT INTO t VALUES (zeroblob(100000))')
db.execute('BEGIN')
for i in range(50): db.execute('INSERT INTO t VALUES (randomblob(3000))')
db.execute('UPDATE t SET v = randomblob(100000) WHERE rowid = 1')
${isOpen ? '' : "db.execute('COMMIT')"}
ready()
`,
        `${state}/x.db`,
      );
      try {
        const lying = readdirSync(state).filter((name) => name !== 'x.db');
        if (isOpen) expect(lying).toEqual(beside.map((suffix) => `x.db${suffix}`));
        const { paths, excluded, incomplete } = await collect(state, { excludes: ['*.db'] });
        expect({ paths, incomplete }).toEqual({ paths: [], incomplete: [] });
        expect(excluded.map(({ path }) => path)).toEqual(['x.db', ...lying]);
      } finally {
        await work.kill();
      }
    });
  }
}

test('what lies beside a database and is gone by now was part of it', () => {
  const databases = new DatabasesOfDirectory(['c.db', 'c.db-journal']);
  writeFileSync(room.path('c.db'), 'SQLite format 3\0');
  databases.isDatabase('c.db', room.path('c.db'), 16);
  expect(databases.sideFileReason('c.db-journal', room.path('c.db-journal'))).toMatch('captured with it');
});

test('a journal that SQLite has not synced yet is part of its database, whatever it becomes until its turn comes', async () => {
  const state = room.fresh('state');
  const scratch = room.fresh('scratch');
  for (const directory of [state, scratch]) mkdirSync(directory);
  const script = await PythonScript.start(
    `
db = connect()
db.execute('CREATE TABLE t (v)')
db.execute('INSERT INTO t VALUES (1)')
db.execute('BEGIN')
db.execute('UPDATE t SET v = 2')
ready()
`,
    `${state}/x.db`,
  );
  try {
    const { items, incomplete } = await collect(state, { scratch: () => scratch });
    expect(items.map(({ path }) => path)).toEqual(['x.db']);
    expect(incomplete).toEqual([]);
  } finally {
    await script.kill();
  }
});
