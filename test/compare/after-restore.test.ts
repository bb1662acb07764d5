import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, diffSnapshots, restoreBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { NOBODY } from '../nobody.ts';
import { TempDir } from '../workroom.ts';

const COMMAND = join(import.meta.dirname, '../../dist/main.js');
const room = new TempDir();

/** Files, a directory and a link whose times have nanoseconds, also from before 1970. */
function newState(): string {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'sessions/d'), { recursive: true });
  for (let i = 0; i < 8; i++) fs.writeFileSync(join(state, `sessions/${i}.json`), String(i));
  fs.writeFileSync(join(state, 'old'), 'old');
  const times = Array.from({ length: 8 }, (_, i) => [`sessions/${i}.json`, `@170000000${i}.${i}23456789`] as const);
  for (const [name, time] of [...times, ['old', '@-1.123456789'], ['sessions/d', '@1700000001.987654321']] as const)
    execFileSync('touch', ['-h', '-d', time, join(state, name)]);
  return state;
}

async function snapshotOf(state: string): Promise<string> {
  const file = room.fresh('snapshot');
  await createBackup(new StateStore(state), file, { threads: 1 });
  return file;
}

test('after a restore nothing differs, from snapshot to snapshot', async () => {
  const before = await snapshotOf(newState());
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), before, { threads: 1 });
  const after = await snapshotOf(back);
  for (const [a, b] of [
    [before, after],
    [after, before],
  ] as const)
    expect(await diffSnapshots({ before: a, after: b })).toMatchObject({ same: true, changes: [] });
});

test.for([
  ['one second', ['mkfs.ext2', '-q', '-I', '128']],
  ['two seconds', ['mkfs.vfat']],
] as const)('nor on a file system with a clock of %s', async ([, [mkfs, ...args]], { skip }) => {
  const [image, mount] = [room.fresh('image'), room.fresh('mount')];
  fs.mkdirSync(mount);
  execFileSync('truncate', ['-s', '16M', image]);
  const before = await snapshotOf(newState());
  try {
    execFileSync(mkfs, [...args, image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'ignore' });
  } catch {
    skip(`what ${mkfs} makes cannot be mounted here`);
  }
  try {
    const back = join(mount, 'back');
    await restoreBackup(new StateStore(back), before, { threads: 1 });
    const { changes } = await diffSnapshots({ before, after: await snapshotOf(back) });
    // FAT has no time before 1980, and no modes.
    const inTime = changes.filter(({ path, aspects }) => path !== 'old' && aspects.some((aspect) => aspect !== 'mode'));
    expect(inTime).toEqual([]);
    const live = await diffSnapshots({ before, after: back });
    expect(live.changes.filter(({ path, aspects }) => path !== 'old' && aspects.includes('mtime'))).toEqual([]);
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('a file that was written to is changed, however little its time moved', async () => {
  const state = newState();
  const before = await snapshotOf(state);
  // As a coarser clock would have it.
  fs.writeFileSync(join(state, 'sessions/1.json'), 'X');
  execFileSync('touch', ['-d', '@1700000001', join(state, 'sessions/1.json')]);
  const expected = [{ path: 'sessions/1.json', aspects: ['content'] }];
  expect((await diffSnapshots({ before, after: state })).changes).toMatchObject(expected);
  expect((await diffSnapshots({ before, after: await snapshotOf(state) })).changes).toMatchObject(expected);
});

test.for([1_700_000_003, 1_700_000_000.5, 1_699_999_999])('a touch to %s is a touch', async (time) => {
  const state = newState();
  const before = await snapshotOf(state);
  fs.utimesSync(join(state, 'sessions/1.json'), time, time);
  const expected = [{ path: 'sessions/1.json', aspects: ['mtime'] }];
  expect((await diffSnapshots({ before, after: await snapshotOf(state) })).changes).toMatchObject(expected);
});

test('owners are not promised by who cannot give them', async ({ skip }) => {
  if (process.geteuid?.() !== 0) skip('only root can become nobody');
  const folder = room.fresh('of-nobody');
  fs.mkdirSync(folder);
  fs.copyFileSync(await snapshotOf(newState()), join(folder, 'a.tar.gz'));
  fs.chownSync(folder, NOBODY, NOBODY);
  for (const path of [room.root, join(folder, 'a.tar.gz')]) fs.chmodSync(path, 0o755);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [COMMAND, 'restore', 'a.tar.gz', '--state-dir', 'r', ...args], {
      ...{ cwd: folder, uid: NOBODY, gid: NOBODY, encoding: 'utf8' },
    });
  const plain = run('--dry-run');
  if (plain.status !== 0) skip(`nobody cannot run the command here: ${plain.stderr} ${plain.error}`);
  expect(run('--same-owner')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('cannot give files to other owners'),
  });
  expect(run('--same-owner', '--dry-run')).toMatchObject({ status: 2 });
  expect(fs.readdirSync(folder)).toEqual(['a.tar.gz']);
});
