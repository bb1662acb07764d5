import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { availableReaders, captureDatabase } from '../../../src/capture/sqlite/capture-database.ts';
import type { ReaderName } from '../../../src/capture/sqlite/database-reader.ts';
import { idleStateOf } from '../../../src/capture/sqlite/idle-database.ts';
import { DatabaseHome } from './database-home.ts';
import { PythonScript } from './python-script.ts';

let home: DatabaseHome;
let state: string;
let database: string;
beforeEach(() => {
  home = new DatabaseHome();
  ({ state, database } = home);
});
afterEach(() => home.remove());

function start(script: string, ...args: string[]): Promise<PythonScript> {
  return home.endLater(PythonScript.start(script, database, ...args));
}

function hasStrace(): boolean {
  return spawnSync('strace', ['-V']).status === 0;
}

/** The journal with the sum of the name at its end as it is now: length, sum and eight bytes stand behind the name. */
function withNewSum(journal: Buffer): Buffer {
  const length = journal.readUInt32BE(journal.length - 16);
  const name = journal.subarray(journal.length - 16 - length, journal.length - 16);
  journal.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    journal.length - 12,
  );
  return journal;
}

function query(path: string, sql: string): string {
  const script = `import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print(*row)`;
  return execFileSync('python3', ['-c', script, path, sql], { encoding: 'utf8' }).trim();
}

/** Captures the database, and tells what the copy answers; the status when there is none. */
async function capture(sqlite: 'auto' | ReaderName = 'raw-copy') {
  const before = fingerprint();
  const copy = home.nextCopy();
  const result = await captureDatabase(database, copy, await availableReaders(sqlite));
  expect(fingerprint()).toEqual(before);
  if (!('reader' in result)) {
    expect(existsSync(copy)).toBe(false);
    return result;
  }
  for (const suffix of ['-wal', '-shm', '-journal']) expect(existsSync(copy + suffix)).toBe(false);
  const answer = query(copy, 'select count(*), sum(length(x)) from t');
  return { ...result, integrity: query(copy, 'pragma integrity_check'), answer };
}

function fingerprint(): string {
  return execFileSync('bash', ['-c', 'cd "$0" && ls -1 && sha256sum $(ls | grep -v -e -shm)', state], {
    encoding: 'utf8',
  });
}

/** 500 rows of 500 bytes are committed; a transaction changes them all and adds as many, more than fits into the cache. */
const HALF_WRITTEN = (pragmas: string) => `
db = connect()
db.execute('pragma cache_size=5')
${pragmas}
db.execute('create table t (id integer primary key, x)')
db.execute('create index i on t (x)')
db.execute('begin')
for i in range(500): db.execute('insert into t (x) values (?)', (('%03d' % (i * 7 % 500)) + 'a' * 497,))
db.execute('commit')
db.execute('begin')
db.execute("update t set x = 'short' || id where id % 2")
for i in range(500): db.execute('insert into t (x) values (?)', ('c' * 500,))
`;
const COMMITTED = { integrity: 'ok', answer: '500 250000' };

describe('a journal that a killed process left', () => {
  test.each(['raw-copy', 'auto'] as const)('is rolled back in the copy (%s)', async (sqlite) => {
    await (await start(`${HALF_WRITTEN('')}\nready()`)).kill();
    expect(readFileSync(`${database}-journal`).length).toBeGreaterThan(100_000);
    expect(await capture(sqlite)).toMatchObject({ status: 'ok', reader: 'raw-copy', ...COMMITTED });
  });

  test.each([
    ['pragma page_size=512', 'pragma synchronous=off'],
    ['pragma page_size=65536', 'pragma auto_vacuum=1'],
    ['pragma journal_mode=persist', 'pragma synchronous=full'],
    ['pragma journal_mode=truncate', 'pragma locking_mode=exclusive'],
  ])('also with %s and %s', async (...pragmas) => {
    const script = pragmas.map((pragma) => `db.execute('${pragma}').fetchall()`).join('\n');
    await (await start(`${HALF_WRITTEN(script)}\nready()`)).kill();
    expect(await capture()).toMatchObject({ status: 'ok', ...COMMITTED });
  });

  test('that was written in part is rolled back as far as SQLite would', async () => {
    await (await start(`${HALF_WRITTEN('')}\nready()`)).kill();
    const { length } = readFileSync(`${database}-journal`);
    for (const cut of [length - 1, length - 513, length - 5000, 513, 512, 27, 8]) {
      truncateSync(`${database}-journal`, cut);
      const byUs = join(home.path, `us-${cut}.db`);
      expect(await captureDatabase(database, byUs, await availableReaders('raw-copy'))).toMatchObject({
        reader: 'raw-copy',
      });
      const bySqlite = join(home.path, `sqlite-${cut}.db`);
      for (const suffix of ['', '-journal']) copyFileSync(database + suffix, bySqlite + suffix);
      query(bySqlite, 'select count(*) from sqlite_master');
      expect(readFileSync(byUs).equals(readFileSync(bySqlite)), `cut to ${cut}`).toBe(true);
    }
  });

  test.skipIf(!hasStrace())('of a transaction of two databases counts while their super-journal is there', async () => {
    // With journals that persist, all that is ever deleted is the super-journal; there, the process is killed.
    const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("attach '" + sys.argv[2] + "' as other")
for name in ('main', 'other'):
    db.execute('pragma %s.journal_mode=persist' % name)
    db.execute('create table %s.t (x)' % name)
    for i in range(50): db.execute('insert into %s.t values (?)' % name, ('a' * 500,))
db.execute('begin')
for name in ('main', 'other'): db.execute("update %s.t set x = 'b'" % name)
db.execute('commit')
`;
    const kill = ['-qq', '-e', 'trace=unlink', '-e', 'inject=unlink:signal=SIGKILL:when=1', '-o', '/dev/null'];
    expect(() => {
      execFileSync('strace', [...kill, 'python3', '-c', script, database, join(state, 'other.db')], {
        stdio: 'ignore',
      });
    }).toThrow();
    const journal = readFileSync(`${database}-journal`).toString('latin1');
    const name = /\/[^\0]*memory\.db-mj[0-9A-F]+/.exec(journal)?.[0] ?? '';
    expect(name).not.toBe('');
    writeFileSync(name, 'it is there');
    expect(await capture()).toMatchObject({ status: 'ok', answer: '50 25000' });
    rmSync(name);
    expect(await capture()).toMatchObject({ status: 'ok', answer: '50 50' });
    // Where its folder is not to be seen, nothing shows it.
    const elsewhere = Buffer.from(journal.replaceAll(name, `/nowhere${name}`.slice(0, name.length)), 'latin1');
    writeFileSync(`${database}-journal`, withNewSum(elsewhere));
    expect(await capture()).toMatchObject({
      status: 'unreadable',
      detail: expect.stringContaining('several databases'),
    });
  });
});

describe.skipIf(!existsSync('/proc/locks'))('a writer without a journal in a file', () => {
  test.each(['memory', 'off'])('in the middle of a transaction is shown by its lock (%s)', async (mode) => {
    await start(`${HALF_WRITTEN(`db.execute('pragma journal_mode=${mode}')`)}\nready()`);
    utimesSync(database, new Date(0), new Date(0));
    expect(idleStateOf(database, 0n)).toBe('busy');
    for (const sqlite of ['raw-copy', 'auto'] as const) {
      expect(await capture(sqlite)).toMatchObject({ status: 'unreadable', detail: expect.stringContaining('locked') });
    }
  });

  test('that has not begun to write into the file holds nobody up', async () => {
    await start(`
db = connect()
db.execute('pragma journal_mode=memory')
db.execute('create table t (x)')
db.execute("insert into t values ('one')")
db.execute('begin immediate')
db.execute("insert into t values ('two')")
ready()
`);
    for (const sqlite of ['raw-copy', 'auto'] as const) {
      expect(await capture(sqlite)).toMatchObject({ status: 'ok', answer: '1 3' });
    }
  });
});

describe('a writer that keeps the database locked for good', () => {
  const modes = ['delete', 'truncate', 'persist', 'wal'];
  test.each(modes)('does not hold up a copy between two transactions (%s)', async (mode) => {
    await start(`
db = connect()
db.execute('pragma locking_mode=exclusive').fetchall()
db.execute('pragma journal_mode=${mode}').fetchall()
db.execute('begin')
db.execute('create table t (x)')
db.execute("insert into t values ('committed')")
db.execute('commit')
ready()
`);
    for (const sqlite of ['raw-copy', 'auto'] as const) {
      expect(await capture(sqlite)).toMatchObject({ integrity: 'ok', answer: '1 9' });
    }
  });

  test.skipIf(!existsSync('/proc/locks'))('is not believed by a journal that is older than what it wrote', async () => {
    await (
      await start(`
db = connect()
db.execute('pragma journal_mode=persist')
db.execute('create table other (x)')
ready()
`)
    ).kill();
    utimesSync(`${database}-journal`, new Date(0), new Date(0));
    await start(`${HALF_WRITTEN("db.execute('pragma journal_mode=memory')")}\nready()`);
    expect(await capture()).toMatchObject({ status: 'unreadable' });
  });
});

test('a WAL whose frames are of an older generation, an empty one, and one beside an empty header add nothing', async () => {
  await (
    await start(`
db = connect()
db.execute('pragma journal_mode=wal')
db.execute('pragma wal_autocheckpoint=0')
db.execute('create table t (x)')
db.execute("insert into t values ('one')")
db.execute('pragma wal_checkpoint(restart)')
db.execute("insert into t values ('two')")
ready()
`)
  ).kill();
  expect(await capture()).toMatchObject({ status: 'ok', integrity: 'ok', answer: '2 6' });
  const wal = readFileSync(`${database}-wal`);
  wal.writeUInt32BE((wal.readUInt32BE(16) ^ 1) >>> 0, 16);
  writeFileSync(`${database}-wal`, wal);
  expect(await capture()).toMatchObject({ status: 'ok', integrity: 'ok', answer: '1 3' });
  for (const length of [32, 0]) {
    truncateSync(`${database}-wal`, length);
    expect(await capture()).toMatchObject({ status: 'ok', integrity: 'ok', answer: '1 3' });
  }
});
