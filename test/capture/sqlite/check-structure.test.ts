import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findDefect } from '../../../src/capture/sqlite/check-structure.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();

/** All that a file of SQLite may be made of: deep trees, overflow chains, free pages, partial and automatic indexes. */
const FILL = `
import random, sqlite3, sys
path, page_size, vacuum, encoding = sys.argv[1:]
random.seed(7)
db = sqlite3.connect(path, isolation_level=None)
for pragma in ('page_size=' + page_size, 'auto_vacuum=' + vacuum, 'encoding="%s"' % encoding, 'synchronous=off'): db.execute('pragma ' + pragma)
db.execute('create table t (id integer primary key, x, y)')
db.execute('create index i on t (x)')
db.execute('create index part on t (y) where y > 500')
db.execute('create table w (a primary key, b) without rowid')
db.execute('create index wi on w (b)')
db.execute('create virtual table f using fts5 (z)')
db.execute('create table u (a unique, ' + ', '.join('column_%d' % i for i in range(300)) + ')')
db.execute('create view v as select 1')
db.execute('begin')
for i in range(1500):
    db.execute('insert into t values (?, ?, ?)', (random.randint(-10**12, 10**12), 'q' * random.choice([3, 50, 700, 9000 if i % 50 == 0 else 5]), i))
    db.execute('insert or replace into w values (?, ?)', ('k%d' % random.randint(0, 9999), 'b' * random.randint(0, 900)))
    if i % 5 == 0: db.execute('insert into f values (?)', ('word%d' % i,))
db.execute('commit')
db.execute('delete from t where id % 3 = 0')
`;

test.each([
  [512, 0, 'UTF-8'],
  [512, 1, 'UTF-16le'],
  [4096, 0, 'UTF-16be'],
  [4096, 2, 'UTF-8'],
  [65536, 1, 'UTF-8'],
])('a sound database is sound: pages of %i bytes, auto-vacuum %i, %s', async (...options) => {
  const database = room.fresh('sound');
  execFileSync('python3', ['-c', FILL, database, ...options.map(String)]);
  expect(await findDefect(database)).toBeNull();
});

test('what SQLite finds in a file that was half overwritten is found here, too', async () => {
  const [older, newer] = [room.fresh('older'), room.fresh('newer')];
  execFileSync('python3', ['-c', FILL, older, '1024', '0', 'UTF-8']);
  writeFileSync(newer, readFileSync(older));
  const change = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('begin')
db.execute("update t set x = 'longer than it was ' || x where y % 3 = 0")
db.execute('delete from w where length(b) < 300')
db.execute("insert into t (x, y) select x, y from t limit 200")
db.execute('commit')
`;
  execFileSync('python3', ['-c', change, newer]);
  const [before, after] = [readFileSync(older), readFileSync(newer)];
  const mixed: string[] = [];
  for (let from = 1; from < after.length / 1024; from += 25) {
    const mix = Buffer.from(after);
    before.copy(mix, from * 1024, from * 1024, (from + 40) * 1024);
    const path = room.fresh('mixed');
    writeFileSync(path, mix);
    mixed.push(path);
  }
  const ask = `import sqlite3, sys
for path in sys.argv[1:]:
    try: print(sqlite3.connect(path).execute('pragma quick_check(1)').fetchone()[0] == 'ok')
    except sqlite3.DatabaseError: print(False)`;
  const answers = execFileSync('python3', ['-c', ask, ...mixed], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(answers).toContain('False');
  for (const [i, answer] of answers.entries()) {
    if (answer === 'False') expect(await findDefect(mixed[i] as string), `mix ${i}`).not.toBeNull();
  }
});

test.each([
  ['cut within a page', (bytes: Buffer) => bytes.subarray(0, -100)],
  ['cut by a page', (bytes: Buffer) => bytes.subarray(0, -4096)],
  ['longer by a page', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(4096)])],
  ['of a header alone', (bytes: Buffer) => bytes.subarray(0, 100)],
  ['of half a header', (bytes: Buffer) => bytes.subarray(0, 50)],
  [
    'with a page of noise',
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(4096, 0xa5), bytes.subarray(12288)]),
  ],
])('a file %s is not sound', async (_, damage) => {
  const sound = room.fresh('sound');
  execFileSync('python3', ['-c', FILL, sound, '4096', '0', 'UTF-8']);
  const damaged = room.fresh('damaged');
  writeFileSync(damaged, damage(readFileSync(sound)));
  expect(await findDefect(damaged)).not.toBeNull();
});
