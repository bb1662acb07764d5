import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createSnapshot, planRestore, restoreSnapshot } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const sql = (database: string, text: string) => execFileSync('sqlite3', [database, text], { encoding: 'utf8' }).trim();
let archive: string;
let journalOnly: string;

/** A database that was left by a killed writer in the middle of a transaction, as an archive of tar has it, and a snapshot of its journal alone. */
beforeAll(async () => {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'memory'), { recursive: true });
  fs.writeFileSync(join(state, 'note'), 'of the snapshot');
  const script = `import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('CREATE TABLE t (v)')
db.execute("INSERT INTO t VALUES ('old')")
db.execute('PRAGMA cache_size=2')
db.execute('BEGIN')
db.execute("UPDATE t SET v = 'never committed'")
for i in range(100): db.execute('INSERT INTO t VALUES (randomblob(3000))')
os.kill(os.getpid(), 9)`;
  try {
    execFileSync('python3', ['-c', script, join(state, 'memory/x.db')], { stdio: 'ignore' });
  } catch {
    // Killed, as it is to be.
  }
  expect(fs.existsSync(join(state, 'memory/x.db-journal'))).toBe(true);
  const manifest = { version: 1, created_at: '2026-10-01T00:00:00Z', oxios_version: '1', sections: [] };
  fs.writeFileSync(join(state, 'manifest.json'), JSON.stringify(manifest));
  archive = room.fresh('archive.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', state, 'manifest.json', 'memory', 'note']);
  fs.rmSync(join(state, 'memory/x.db'));
  journalOnly = room.fresh('journal-only.tar.gz');
  await createSnapshot({ stateDir: state, output: journalOnly });
});

function liveState(): string {
  const live = room.fresh('live');
  fs.mkdirSync(join(live, 'memory'), { recursive: true });
  sql(join(live, 'memory/x.db'), "CREATE TABLE t (v); INSERT INTO t VALUES ('live')");
  return live;
}

test.each([
  ['a snapshot that has only the journal', () => ({ snapshot: journalOnly })],
  ['a part of an archive', () => ({ snapshot: archive, paths: ['memory/x.db-journal', 'note'] })],
])('a journal is not merged beside another state of its database: %s', async (_what, source) => {
  const live = liveState();
  const options = { stateDir: live, mode: 'merge', ...source() } as const;
  const refused = { code: 'ENTRY_CONFLICT', message: expect.stringContaining('"memory/x.db-journal" would come') };
  await expect(restoreSnapshot(options)).rejects.toMatchObject(refused);
  expect((await planRestore(options)).refusals).toMatchObject([refused]);
  expect(sql(join(live, 'memory/x.db'), 'SELECT v FROM t')).toBe('live');
  expect(fs.readdirSync(live)).toEqual(['memory']);
});

test('without it the rest is merged; and it is, with its database, or where there is none', async () => {
  const live = liveState();
  await restoreSnapshot({ stateDir: live, mode: 'merge', snapshot: journalOnly, paths: ['*', '!*-journal'] });
  expect(sql(join(live, 'memory/x.db'), 'SELECT v FROM t')).toBe('live');
  expect(fs.readFileSync(join(live, 'note'), 'utf8')).toBe('of the snapshot');
  await restoreSnapshot({ stateDir: live, mode: 'merge', snapshot: archive });
  expect(sql(join(live, 'memory/x.db'), 'SELECT v FROM t')).toBe('old');
  fs.rmSync(join(live, 'memory/x.db'));
  await restoreSnapshot({ stateDir: live, mode: 'merge', snapshot: journalOnly });
  expect(fs.existsSync(join(live, 'memory/x.db-journal'))).toBe(true);
});

test('a journal is merged where a file or a link is live in place of its directory', async () => {
  const live = room.fresh('live');
  const merge = { stateDir: live, mode: 'merge', snapshot: journalOnly } as const;
  fs.mkdirSync(live);
  fs.writeFileSync(join(live, 'memory'), 'a file');
  expect((await planRestore(merge)).refusals).toEqual([]);
  await restoreSnapshot(merge);
  expect(fs.readdirSync(join(live, 'memory'))).toEqual(['x.db-journal']);
  fs.rmSync(join(live, 'memory'), { recursive: true });
  fs.symlinkSync(join(liveState(), 'memory'), join(live, 'memory'));
  await restoreSnapshot(merge);
  expect(fs.readdirSync(join(live, 'memory'))).toEqual(['x.db-journal']);
});

test.each([
  ['its journal stays behind', ['memory/x.db'], ['memory/x.db']],
  ['its journal comes', ['memory'], []],
  ['it stays behind itself', ['note'], []],
])('of a database that is restored of an archive as a part it is said that %s', async (_what, paths, named) => {
  const told: (string | undefined)[] = [];
  await restoreSnapshot({
    stateDir: room.fresh('back'),
    snapshot: archive,
    paths,
    onEvent: (event) => event.type === 'notice' && event.message.includes('SQLite') && told.push(event.path),
  });
  expect(told).toEqual(named);
});
