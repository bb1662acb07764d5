import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeSqliteReader } from '../../src/capture/sqlite/node-sqlite.ts';
import { temporaryName } from '../../src/system/temporary-names.ts';
import { collect, temporaryFolder } from './collect.ts';
import { inspect, Writer } from './sqlite/python-database.ts';

let folder: ReturnType<typeof temporaryFolder>;
let state: string;
const writers: Writer[] = [];
beforeEach(() => {
  folder = temporaryFolder();
  state = join(folder.path, 'state');
  mkdirSync(state);
});
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.kill();
  folder.remove();
});

async function database(name: string, commits: number): Promise<Writer> {
  const writer = await Writer.start(join(state, name), 'wal', commits);
  writers.push(writer);
  return writer;
}

function scratch(): string {
  const path = join(folder.path, 'scratch');
  mkdirSync(path, { recursive: true });
  return path;
}

test('a database in use becomes one file; what SQLite keeps beside it is excluded', async () => {
  await database('memory.db', 30);
  const { items, excluded, incomplete } = await collect(state, { scratch });
  expect(incomplete).toEqual([]);
  expect(excluded.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
    'memory.db-shm: part of the database memory.db, which is captured with it',
    'memory.db-wal: part of the database memory.db, which is captured with it',
  ]);
  const [item] = items;
  if (items.length !== 1 || item?.type !== 'file' || item.source.kind !== 'copy') throw new Error('no copy');
  expect(item.source.status).toBe('ok');
  expect(item.mtimeNs).toBe(lstatSync(join(state, 'memory.db-wal'), { bigint: true }).mtimeNs);
  const copy = item.source.absolute;
  expect(item.size).toBe(lstatSync(copy).size);
  expect(inspect(copy)).toEqual({ integrity: 'ok', total: 30, rows: 30, words: 30 });
  item.source.release();
  expect(existsSync(copy)).toBe(false);
});

test('a database at rest is read where it is, without a copy', async () => {
  const script = `import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version=7').connection.close()`;
  const path = join(state, 'named-otherwise');
  execFileSync('python3', ['-c', script, path]);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const { items } = await collect(state);
  expect(items).toMatchObject([{ type: 'file', source: { kind: 'live', idleDatabase: true } }]);
});

test('a dry run copies nothing', async () => {
  await database('memory.db', 5);
  const { items, excluded } = await collect(state, { dryRun: true });
  expect([items.map(({ path }) => path), excluded.length]).toEqual([['memory.db'], 2]);
});

test('side files without their database are files, and so is what only has such a name', async () => {
  const writer = await database('memory.db', 5);
  for (const suffix of ['wal', 'shm'])
    writeFileSync(join(state, `gone.db-${suffix}`), readFileSync(join(state, `memory.db-${suffix}`)));
  await writer.kill();
  for (const name of ['memory.db', 'memory.db-wal', 'memory.db-shm']) execFileSync('rm', [join(state, name)]);
  writeFileSync(join(state, 'travel'), 'text');
  writeFileSync(join(state, 'travel-journal'), 'day one');
  writeFileSync(join(state, 'empty-wal'), '');
  const { paths, excluded } = await collect(state);
  expect(paths).toEqual(['empty-wal', 'gone.db-shm', 'gone.db-wal', 'travel', 'travel-journal']);
  expect(excluded).toEqual([]);
});

test('a database that is excluded is not copied, and its side files do not come instead', async () => {
  await database('cache.db', 5);
  const { paths, excluded } = await collect(state, { excludes: ['cache.db'] });
  expect(paths).toEqual([]);
  expect(excluded.map(({ path }) => path)).toEqual(['cache.db', 'cache.db-shm', 'cache.db-wal']);
});

test('what is excluded takes no file of the user with it', async () => {
  for (const name of ['notes', 'notes-journal', 'notes-wal']) writeFileSync(join(state, name), 'text');
  const { paths } = await collect(state, { excludes: ['/notes'] });
  expect(paths).toEqual(['notes-journal', 'notes-wal']);
});

test('an encrypted database keeps what SQLite put beside it', async () => {
  const writer = await database('plain.db', 20);
  for (const suffix of ['-wal', '-shm'])
    writeFileSync(join(state, `secret.db${suffix}`), readFileSync(join(state, `plain.db${suffix}`)));
  writeFileSync(join(state, 'old.db-journal'), Buffer.from('d9d505f920a163d70000000100000000', 'hex'));
  for (const name of ['secret.db', 'old.db']) writeFileSync(join(state, name), randomBytes(8192));
  await writer.kill();
  const { paths } = await collect(state, { excludes: ['plain.db*'] });
  expect(paths).toEqual(['old.db', 'old.db-journal', 'secret.db', 'secret.db-shm', 'secret.db-wal']);
});

test('a second name of a database is a hard link', async () => {
  await database('memory.db', 5);
  linkSync(join(state, 'memory.db'), join(state, 'zweit.db'));
  const { items } = await collect(state, { scratch });
  expect(items).toMatchObject([
    { path: 'memory.db', type: 'file', source: { kind: 'copy' } },
    { path: 'zweit.db', type: 'hardlink', link: 'memory.db' },
  ]);
});

test.skipIf(nodeSqliteReader() !== null)('a way to copy databases that is not there is wrong usage', async () => {
  await database('memory.db', 5);
  await expect(collect(state, { scratch, sqlite: 'node' })).rejects.toMatchObject({ code: 'USAGE' });
});

test('what another run of ours has put down is excluded', async () => {
  writeFileSync(join(state, temporaryName('snapshot')), 'x');
  mkdirSync(join(state, temporaryName('scratch')));
  const { paths, excluded } = await collect(state);
  expect([paths, new Set(excluded.map(({ reason }) => reason))]).toEqual([
    [],
    new Set(['put there by oxios-backup itself']),
  ]);
});
