import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../capture/collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

// Its journal is what the killed writer left: the copy that is captured is dated by it, the names are dated by the database.
const WRITER = `
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('pragma journal_mode=wal')
db.execute('pragma wal_autocheckpoint=0')
db.execute('create table t (v)')
for _ in range(int(sys.argv[2])): db.execute('insert into t values (?)', ('x' * 1000,))
db.execute('pragma wal_checkpoint(passive)')
db.execute("insert into t values ('committed')")
for name in sys.argv[3:]: os.link(sys.argv[1], name)
os._exit(0)
`;

describe.each([
  ['in one member', 1],
  ['of several members', 3000],
])('a database with several names, %s', (_, rows) => {
  it.each(['0-before.db', 'zz-after.db'])('comes back whole under each, the other being %s', async (other) => {
    const state = join(folder.path, 'state');
    mkdirSync(join(state, 'sessions'), { recursive: true });
    writeFileSync(join(state, 'sessions', 'a.json'), '{}');
    const names = ['x.db', other, 'sessions/far.db'];
    const [first, ...others] = names.map((name) => join(state, name)) as [string, ...string[]];
    execFileSync('python3', ['-c', WRITER, first, String(rows), ...others]);
    utimesSync(first, 1e9, 1e9);
    const snapshot = join(folder.path, 'a.tar.gz');
    const made = await createBackup(new StateStore(state), snapshot);
    expect(made.complete).toBe(true);
    expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, problems: [] });
    const restored = join(folder.path, 'restored');
    await restoreBackup(new StateStore(restored), snapshot);
    const inodes = new Set(names.map((name) => statSync(join(restored, name)).ino));
    expect(inodes.size).toBe(1);
    const query = "select v from t where v = 'committed'";
    const answer = execFileSync('sqlite3', [join(restored, other), query], { encoding: 'utf8' });
    expect(answer).toBe('committed\n');
  });
});
