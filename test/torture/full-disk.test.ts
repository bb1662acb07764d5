import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, salvageSnapshot } from 'oxios-backup';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const state = room.path('state');
const snapshot = room.path('snapshot.tar.gz');
const disk = room.path('disk');

function mount(options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', disk]).status === 0;
}

const canMount = ((): boolean => {
  fs.mkdirSync(disk);
  const mounted = mount('size=1m');
  if (mounted) spawnSync('umount', [disk]);
  return mounted;
})();

beforeAll(async () => {
  buildSmallTree(state);
  for (let i = 0; i < 30; i++) fs.writeFileSync(join(state, `${i}.bin`), noise(200_000, i));
  await createBackup(new StateStore(state), snapshot);
});

afterEach(() => {
  spawnSync('umount', ['-l', disk]);
});

test.skipIf(!canMount)('create on a disk that fills up leaves nothing, and what was there before', async () => {
  mount('size=2m');
  fs.writeFileSync(join(disk, 'mine'), 'x');
  const output = join(disk, 'snapshot.tar.gz');
  await expect(createBackup(new StateStore(state), output)).rejects.toMatchObject({ code: 'NO_SPACE', kind: 'failed' });
  expect(fs.readdirSync(disk)).toEqual(['mine']);
  fs.writeFileSync(output, 'the last good one');
  await expect(createBackup(new StateStore(state), output, { force: true })).rejects.toMatchObject({
    code: 'NO_SPACE',
  });
  expect(fs.readFileSync(output, 'utf8')).toBe('the last good one');
  expect(fs.readdirSync(disk).sort()).toEqual(['mine', 'snapshot.tar.gz']);
});

test.skipIf(!canMount)('restore to a disk that is too small is refused before anything is written', async () => {
  mount('size=4m');
  const live = join(disk, 'workspace');
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  fs.writeFileSync(join(live, 'seeds/mine.json'), '{}');
  const before = readTree(live);
  for (const mode of ['replace', 'merge'] as const) {
    await expect(restoreBackup(new StateStore(live), snapshot, { mode })).rejects.toMatchObject({
      code: 'NO_SPACE',
      kind: 'failed',
    });
    expect(compareTrees(before, readTree(live))).toEqual([]);
    expect(fs.readdirSync(disk)).toEqual(['workspace']);
  }
});

test.skipIf(!canMount)('restore to a disk with too few inodes is refused', async () => {
  mount('size=64m,nr_inodes=20');
  const live = join(disk, 'workspace');
  await expect(restoreBackup(new StateStore(live), snapshot)).rejects.toMatchObject({
    code: 'NO_SPACE',
    kind: 'failed',
  });
  expect(fs.readdirSync(disk)).toEqual([]);
});

test.skipIf(!canMount)('restore to a disk that somebody else fills meanwhile changes nothing', async () => {
  mount('size=9m');
  const live = join(disk, 'workspace');
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  const before = readTree(live);
  const onEvent = ({ type, phase }: { type: string; phase?: string }) => {
    if (type === 'phase' && phase === 'extract') fs.writeFileSync(join(disk, 'others'), Buffer.alloc(4 * 2 ** 20));
  };
  const restoring = restoreBackup(new StateStore(live), snapshot, { mode: 'replace', onEvent: onEvent as never });
  await expect(restoring).rejects.toMatchObject({ code: 'NO_SPACE' });
  expect(compareTrees(before, readTree(live))).toEqual([]);
  expect(fs.readdirSync(disk).sort()).toEqual(['others', 'workspace']);
});

test.skipIf(!canMount)('salvage to a disk that fills up leaves nothing', async () => {
  mount('size=2m');
  const folder = join(disk, 'out');
  await expect(salvageSnapshot({ snapshot, directory: folder })).rejects.toMatchObject({
    code: 'NO_SPACE',
    kind: 'failed',
  });
  expect(fs.readdirSync(disk)).toEqual([]);
});

test.skipIf(!canMount)('a place that can only be read is said so, for outputs, targets and salvage', async () => {
  mount('size=8m');
  const live = join(disk, 'workspace');
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  fs.writeFileSync(join(live, 'seeds/a.json'), '{}');
  spawnSync('mount', ['-o', 'remount,ro', disk]);
  const refused = { code: 'PERMISSION', kind: 'failed' };
  await expect(createBackup(new StateStore(state), join(disk, 'a.tar.gz'))).rejects.toMatchObject(refused);
  await expect(restoreBackup(new StateStore(live), snapshot, { mode: 'replace' })).rejects.toMatchObject(refused);
  await expect(restoreBackup(new StateStore(join(disk, 'new')), snapshot)).rejects.toMatchObject(refused);
  await expect(salvageSnapshot({ snapshot, directory: join(disk, 'out') })).rejects.toMatchObject(refused);
  // It can still be captured.
  const made = await createBackup(new StateStore(live), room.fresh('read-only'));
  expect(made).toMatchObject({ complete: true, totals: { files: 1 } });
});

test.skipIf(!canMount)('a state directory that is a mount point is restored child by child', async () => {
  mount('size=64m');
  fs.mkdirSync(join(disk, 'seeds'));
  fs.writeFileSync(join(disk, 'seeds/mine.json'), '{}');
  await restoreBackup(new StateStore(disk), snapshot, { mode: 'replace' });
  const tree = new Map([...readTree(disk)].filter(([path]) => path !== '.' && path.split('/')[0] !== '.oxios-backup'));
  const wanted = readTree(state);
  wanted.delete('.');
  expect(compareTrees(wanted, tree)).toEqual([]);
});

test.skipIf(!canMount).each([
  { what: 'is full', options: 'size=1m' },
  { what: 'has room for no more files', options: 'size=8m,nr_inodes=8' },
])('a state directory on a disk that $what is captured', async ({ options }) => {
  mount(options);
  const live = join(disk, 'workspace');
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  fs.writeFileSync(join(live, 'seeds/a.json'), '{}');
  const more = spawnSync('sh', ['-c', 'n=0; while : > x$n && cat /dev/zero > y$n; do n=$((n+1)); done 2>/dev/null'], {
    cwd: disk,
    timeout: 20_000,
  });
  expect(more.status).not.toBe(null);
  expect(() => fs.writeFileSync(join(live, 'probe'), 'x'.repeat(9000))).toThrow(/ENOSPC/);
  fs.rmSync(join(live, 'probe'), { force: true });
  const before = readTree(live);
  const output = room.fresh('from-full');
  expect(await createBackup(new StateStore(live), output)).toMatchObject({ complete: true, totals: { files: 1 } });
  expect(compareTrees(before, readTree(live))).toEqual([]);
  expect(fs.readdirSync(disk).filter((name) => name.includes('oxios-backup'))).toEqual([]);
});
