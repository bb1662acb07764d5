import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createBackup, planRestore, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MIB = 2 ** 20;
/** Of LMDB's kind: data at the beginning, in the middle and near the end, holes between. */
const SIZE = 300 * MIB + 12_345;

function newState(): string {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'sessions'), { recursive: true });
  fs.writeFileSync(join(state, 'sessions/a.json'), '{}');
  const fd = fs.openSync(join(state, 'data.mdb'), 'w');
  for (const position of [0, 64 * 1024, 100 * MIB - 5000, 299 * MIB])
    fs.writeSync(fd, Buffer.alloc(10_000, 'x'), 0, 10_000, position);
  fs.ftruncateSync(fd, SIZE);
  fs.closeSync(fd);
  // Written, and zeros all the same; and a small one.
  fs.writeFileSync(join(state, 'zeros.bin'), Buffer.alloc(5 * MIB));
  fs.writeFileSync(join(state, 'small.bin'), Buffer.concat([Buffer.alloc(200_000), Buffer.from('end')]));
  return state;
}

const allocated = (path: string) => fs.statSync(path).blocks * 512;

function expectBack(back: string, state: string): void {
  for (const name of ['data.mdb', 'zeros.bin', 'small.bin']) execFileSync('cmp', [join(back, name), join(state, name)]);
  expect(allocated(join(back, 'data.mdb'))).toBeLessThan(100_000);
  expect(allocated(join(back, 'zeros.bin'))).toBeLessThan(100_000);
  expect(allocated(join(back, 'small.bin'))).toBeLessThan(20_000);
}

test('runs of zeros take no room, in the snapshot and where it is restored', async () => {
  const state = newState();
  const file = room.fresh('snapshot');
  const { length } = await createBackup(new StateStore(state), file);
  expect(length).toBeLessThan(MIB);
  expect(await verifySnapshot({ snapshot: file })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), file);
  expectBack(back, state);
  fs.rmSync(back, { recursive: true });
});

test('the room that a restore needs is that of what is no hole', { timeout: 60_000 }, async ({ skip }) => {
  const state = newState();
  const file = room.fresh('snapshot');
  await createBackup(new StateStore(state), file);
  // The same archive from elsewhere: no index tells of it.
  const foreign = room.fresh('foreign.tar.gz');
  fs.writeFileSync(foreign, gzipSync(gunzipSync(fs.readFileSync(file)), { level: 1 }));
  const [image, mount] = [room.fresh('image'), room.fresh('mount')];
  fs.mkdirSync(mount);
  try {
    execFileSync('truncate', ['-s', '32M', image]);
    execFileSync('mkfs.ext4', ['-q', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'ignore' });
  } catch {
    skip('nothing can be mounted here');
  }
  try {
    for (const snapshot of [file, foreign]) {
      const store = new StateStore(join(mount, 'back'));
      const plan = await planRestore({ stateDir: store, snapshot });
      expect(plan.refusals).toEqual([]);
      expect(plan.space.needed.bytes).toBeLessThan(10 * MIB);
      await restoreBackup(store, snapshot);
      expectBack(store.basePath, state);
      fs.rmSync(store.basePath, { recursive: true });
    }
    const part = await planRestore({ stateDir: join(mount, 'part'), snapshot: file, paths: ['data.mdb'] });
    expect(part.restored).toMatchObject({ files: 1, bytes: SIZE });
    expect(part.space.needed.bytes).toBeLessThan(10 * MIB);
    // What does not fit is still refused before it is tried.
    fs.writeFileSync(join(state, 'large.bin'), Buffer.alloc(40 * MIB, 'x'));
    await createBackup(new StateStore(state), file, { force: true });
    const store = new StateStore(join(mount, 'back'));
    await expect(restoreBackup(store, file)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(fs.existsSync(store.basePath)).toBe(false);
  } finally {
    execFileSync('umount', [mount]);
  }
});
