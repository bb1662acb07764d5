import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, planRestore, restoreBackup, StateStore, salvageSnapshot, undoRestore } from 'oxios-backup';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { buildSmallTree } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const snapshot = room.path('snapshot.tar.gz');
const volume = room.path('volume');
const state = room.path('state');
const top = () => fs.readdirSync(state).sort();

beforeAll(async () => {
  buildSmallTree(state);
  await createBackup(new StateStore(state), snapshot);
});

afterEach(() => {
  spawnSync('umount', ['-l', volume]);
});

fs.mkdirSync(volume);
const mount = () => spawnSync('mount', ['-t', 'tmpfs', 'none', volume]).status === 0;
const canMount = mount();
if (canMount) spawnSync('umount', [volume]);

test('a directory that somebody has only looked into is restored into, and undo gives it back', async () => {
  const target = room.fresh('looked-into');
  fs.mkdirSync(target);
  fs.writeFileSync(join(target, '.DS_Store'), 'Bud1');
  expect((await planRestore({ stateDir: target, snapshot })).refusals).toEqual([]);
  const { previousState } = await restoreBackup(new StateStore(target), snapshot);
  expect(fs.readdirSync(target).sort()).toEqual(top());
  expect(fs.readFileSync(join(previousState ?? '', '.DS_Store'), 'utf8')).toBe('Bud1');
  await undoRestore({ stateDir: target });
  expect(fs.readdirSync(target)).toEqual(['.DS_Store']);
});

test('one with anything else in it is not', async () => {
  const target = room.fresh('used');
  fs.mkdirSync(target);
  fs.writeFileSync(join(target, '.DS_Store'), 'Bud1');
  fs.writeFileSync(join(target, '.profile'), '');
  const refused = { code: 'TARGET_NOT_EMPTY' };
  expect((await planRestore({ stateDir: target, snapshot })).refusals).toMatchObject([refused]);
  await expect(restoreBackup(new StateStore(target), snapshot)).rejects.toMatchObject(refused);
});

test('it may be salvaged into', async () => {
  const folder = room.fresh('rescued');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, '.DS_Store'), 'Bud1');
  await salvageSnapshot({ snapshot, directory: folder });
  expect(fs.readdirSync(folder).sort()).toEqual(['.DS_Store', ...top()].sort());
});

test.skipIf(!canMount)(
  `what a system keeps on a volume stays there, and is no state${canMount ? '' : ' (skipped: no mount)'}`,
  async () => {
    mount();
    const kept = ['.Spotlight-V100', '.Trashes', '.fseventsd', 'lost+found'];
    for (const name of kept) {
      fs.mkdirSync(join(volume, name));
      fs.writeFileSync(join(volume, name, 'thing'), name);
    }
    fs.writeFileSync(join(volume, '.DS_Store'), 'Bud1');
    await restoreBackup(new StateStore(volume), snapshot);
    const visible = () => fs.readdirSync(volume).filter((name) => name !== '.oxios-backup');
    expect(visible().sort()).toEqual([...kept, ...top()].sort());
    await restoreBackup(new StateStore(volume), snapshot, { mode: 'replace' });
    for (const name of kept) expect(fs.readFileSync(join(volume, name, 'thing'), 'utf8')).toBe(name);
    const again = room.fresh('again.tar.gz');
    const { excluded, totals } = await createBackup(new StateStore(volume), again);
    expect(excluded.map(({ path }) => path)).toEqual(expect.arrayContaining(kept));
    const elsewhere = room.fresh('elsewhere');
    await restoreBackup(new StateStore(elsewhere), again);
    expect(fs.readdirSync(elsewhere).sort()).toEqual(top());
    expect(totals.files).toBeGreaterThan(0);
  },
);
