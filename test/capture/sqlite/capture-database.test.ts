import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { availableReaders, captureDatabase } from '../../../src/capture/sqlite/capture-database.ts';
import type { DatabaseReader, ReaderName } from '../../../src/capture/sqlite/database-reader.ts';
import { DatabaseHome } from './database-home.ts';
import { inspect, inspectAll, Writer } from './python-database.ts';

let home: DatabaseHome;
let state: string;
let database: string;
beforeEach(() => {
  home = new DatabaseHome();
  ({ state, database } = home);
});
afterEach(() => home.remove());

function startWriter(...options: [journal: string, commits?: number, pauseMs?: number]): Promise<Writer> {
  return home.endLater(Writer.start(database, ...options));
}

/** Names, contents and times of everything beside the database; of `-shm`, which readers put their marks into, the name. */
function fingerprint(): string[] {
  return readdirSync(state)
    .sort()
    .map((name) => {
      if (name.endsWith('-shm')) return name;
      const path = join(state, name);
      const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${name} ${digest} ${lstatSync(path, { bigint: true }).mtimeNs}`;
    });
}

const CHOICES: ReaderName[] = ['node', 'better-sqlite3', 'raw-copy'];

describe.each(CHOICES)('with the reader "%s"', async (choice) => {
  const readers = await availableReaders(choice);
  // Only the one that was asked for, so that it is this one which is shown to work.
  const only: DatabaseReader[] = readers.slice(0, 1);

  test.skipIf(only.length === 0).each([
    ['wal', 4],
    ['wal', 25],
    ['delete', 25],
    ['persist', 25],
    ['truncate', 40],
  ])('a database in journal mode %s, a commit each %i ms, is copied in one state', async (journal, pauseMs) => {
    const writer = await startWriter(journal, 0, pauseMs);
    const copied: { copy: string; acknowledged: number }[] = [];
    for (let i = 0; i < 4; i++) {
      const { acknowledged } = writer;
      const copy = home.nextCopy();
      const result = await captureDatabase(database, copy, only);
      if ('reader' in result) {
        expect(result.reader).toBe(choice);
        copied.push({ copy, acknowledged });
        continue;
      }
      // Without a lock, a busy database may not be had; it is never had wrong.
      expect(choice).toBe('raw-copy');
      expect(existsSync(copy)).toBe(false);
    }
    expect(readdirSync(home.path).filter((name) => !/^(?:state|copy-\d+\.db)$/.test(name))).toEqual([]);
    for (const [i, answer] of inspectAll(copied.map(({ copy }) => copy)).entries()) {
      expect(answer.integrity).toBe('ok');
      expect([answer.rows, answer.words]).toEqual([answer.total, answer.total]);
      expect(answer.total).toBeGreaterThanOrEqual(copied[i]?.acknowledged ?? 0);
    }
    if (choice !== 'raw-copy' || pauseMs >= 25) expect(copied.length).toBeGreaterThan(0);
  });

  test.skipIf(only.length === 0)('a writer that never pauses does not hold up the copy for ever', async () => {
    const writer = await startWriter('wal', 0, 0);
    const before = writer.acknowledged;
    const copy = home.nextCopy();
    const result = await captureDatabase(database, copy, readers);
    if (!('reader' in result)) {
      expect(choice).toBe('raw-copy');
      return;
    }
    const { integrity, total, rows } = inspect(copy);
    expect([integrity, rows]).toEqual(['ok', total]);
    expect(total).toBeGreaterThanOrEqual(before);
  });

  test.skipIf(only.length === 0)('nothing is written beside a database that a process has open', async () => {
    const writer = await startWriter('wal', 50);
    const before = fingerprint();
    const copy = home.nextCopy();
    expect(await captureDatabase(database, copy, only)).toEqual({ status: 'ok', detail: '', reader: choice });
    expect(fingerprint()).toEqual(before);
    expect(inspect(copy)).toEqual({ integrity: 'ok', total: 50, rows: 50, words: 50 });
    await writer.kill();
    expect(fingerprint()).toEqual(before);
  });

  test.skipIf(only.length === 0)(
    'a WAL that a crash left is folded in, without a library and without a trace',
    async () => {
      const writer = await startWriter('wal', 50);
      await writer.kill();
      const shm = createHash('sha256')
        .update(readFileSync(`${database}-shm`))
        .digest('hex');
      const before = fingerprint();
      const copy = home.nextCopy();
      expect(await captureDatabase(database, copy, readers)).toEqual({ status: 'ok', detail: '', reader: 'raw-copy' });
      expect(fingerprint()).toEqual(before);
      expect(
        createHash('sha256')
          .update(readFileSync(`${database}-shm`))
          .digest('hex'),
      ).toBe(shm);
      expect(inspect(copy)).toEqual({ integrity: 'ok', total: 50, rows: 50, words: 50 });
    },
  );
});

describe.each(CHOICES)('an abort during a copy (%s)', async (choice) => {
  const readers = await availableReaders(choice);
  test.skipIf(readers.length === 0)('ends it, and nothing is left of the copy', async () => {
    const script = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('PRAGMA journal_mode=' + sys.argv[2])
db.execute('CREATE TABLE t (x)')
db.execute("INSERT INTO t VALUES (zeroblob(64000000))")
db.commit()
`;
    execFileSync('python3', ['-c', script, database, 'DELETE']);
    const controller = new AbortController();
    const copy = home.nextCopy();
    const copying = captureDatabase(database, copy, readers.slice(0, 1), controller.signal);
    // The event loop goes on while it copies.
    let turns = 0;
    while (!existsSync(copy) || lstatSync(copy).size === 0) {
      await new Promise(setImmediate);
      if (++turns > 1e6) throw new Error('the copy does not begin');
    }
    controller.abort();
    await expect(copying).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(home.path)).toEqual(['state']);
  });
});

test('a database that is gone was deleted', async () => {
  const readers = await availableReaders('auto');
  expect(await captureDatabase(database, home.nextCopy(), readers)).toMatchObject({ status: 'deleted' });
});

test('a database that its owner may only read is copied', async () => {
  const writer = await startWriter('wal', 20);
  const crashed = join(state, 'crashed.db');
  for (const suffix of ['', '-wal']) copyFileSync(database + suffix, crashed + suffix);
  await writer.kill();
  execFileSync('chmod', ['400', crashed]);
  const copy = home.nextCopy();
  const readers = await availableReaders('raw-copy');
  expect(await captureDatabase(crashed, copy, readers)).toMatchObject({ reader: 'raw-copy' });
  expect(inspect(copy)).toMatchObject({ integrity: 'ok', total: 20 });
});

test('only what is there can be asked for', async () => {
  expect((await availableReaders('raw-copy')).map(({ name }) => name)).toEqual(['raw-copy']);
  expect((await availableReaders('auto')).at(-1)?.name).toBe('raw-copy');
});
