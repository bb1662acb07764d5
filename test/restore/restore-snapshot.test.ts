import fs from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createBackup, restoreBackup, StateStore } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const state = room.path('state');
const snapshot = room.path('snapshot.tar.gz');

beforeAll(async () => {
  buildSmallTree(state);
  fs.writeFileSync(join(state, 'large.bin'), noise(12 * 2 ** 20, 1));
  await createBackup(new StateStore(state), snapshot);
});

/** A live state directory with another content, and the room that it is alone in. */
function liveTree(): { folder: string; live: StateStore } {
  const folder = room.fresh('room');
  const live = join(folder, 'live');
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  fs.writeFileSync(join(live, 'seeds/a.json'), '{"a":"live"}');
  fs.writeFileSync(join(live, 'seeds/mine.json'), '{}');
  return { folder, live: new StateStore(live) };
}

/** What is in a folder; its own time changes when a lock comes and goes. */
function contentOf(folder: string): ReturnType<typeof readTree> {
  const tree = readTree(folder);
  tree.delete('.');
  return tree;
}

test('a directory that has content is refused and left as it was', async () => {
  const { folder, live } = liveTree();
  const before = contentOf(folder);
  await expect(restoreBackup(live, snapshot)).rejects.toMatchObject({ code: 'TARGET_NOT_EMPTY', kind: 'failed' });
  expect(compareTrees(before, contentOf(folder))).toEqual([]);
});

test('replace makes it exactly the snapshot and keeps the old tree', async () => {
  const { folder, live } = liveTree();
  const before = readTree(live.basePath);
  const { previousState } = await restoreBackup(live, snapshot, { mode: 'replace' });
  expect(compareTrees(readTree(state), readTree(live.basePath))).toEqual([]);
  expect(compareTrees(before, readTree(previousState as string))).toEqual([]);
  expect(fs.readdirSync(folder).sort()).toEqual(
    ['.live.oxios-backup.history', 'live', basename(previousState as string)].sort(),
  );
});

test('merge adds to it: what the snapshot holds wins, the rest stays', async () => {
  const { live } = liveTree();
  const mine = readTree(live.basePath).get('seeds/mine.json');
  await restoreBackup(live, snapshot, { mode: 'merge' });
  const merged = readTree(live.basePath);
  const expected = readTree(state);
  expected.set('seeds/mine.json', mine as never);
  expect([...merged.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [path, { content }] of expected) expect(merged.get(path)?.content).toBe(content);
});

test('a part can be restored: with its parents, and a hard link as the file that it is another name of', async () => {
  const target = room.fresh('part');
  await restoreBackup(new StateStore(target), snapshot, { paths: ['seeds/b.json', 'large.bin'] });
  expect([...readTree(target).keys()].sort()).toEqual(['.', 'large.bin', 'seeds', 'seeds/b.json']);
  expect(fs.statSync(join(target, 'seeds/b.json')).nlink).toBe(1);
});

test('a part that is merged leaves the rest as it is: other names of its files, directories on the way to it', async () => {
  const { live } = liveTree();
  const root = live.basePath;
  fs.writeFileSync(join(root, 'seeds/a.json'), 'newer');
  fs.chmodSync(join(root, 'seeds'), 0o700);
  fs.chownSync(join(root, 'seeds'), process.getuid?.() === 0 ? 1234 : -1, -1);
  const before = fs.statSync(join(root, 'seeds'));
  await restoreBackup(live, snapshot, { paths: ['seeds/b.json'], mode: 'merge' });
  expect(fs.readFileSync(join(root, 'seeds/a.json'), 'utf8')).toBe('newer');
  expect(fs.existsSync(join(root, 'seeds/b.json'))).toBe(true);
  const { mode, uid, gid } = fs.statSync(join(root, 'seeds'));
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
});

test('a part cannot replace the whole, and what is not there is not found', async () => {
  const { live } = liveTree();
  await expect(restoreBackup(live, snapshot, { paths: ['seeds'], mode: 'replace' })).rejects.toMatchObject({
    code: 'USAGE',
  });
  const target = room.fresh('nothing');
  await expect(restoreBackup(new StateStore(target), snapshot, { paths: ['no/such'] })).rejects.toMatchObject({
    code: 'ENTRY_NOT_FOUND',
  });
  expect(fs.existsSync(target)).toBe(false);
});

test('links that lead outside are refused, kept or skipped, as asked', async () => {
  const root = room.fresh('external');
  buildSmallTree(root);
  fs.symlinkSync('/etc/hostname', join(root, 'out'));
  fs.symlinkSync('out', join(root, 'through'));
  const file = room.fresh('external.tar.gz');
  await createBackup(new StateStore(root), file);
  const target = room.fresh('target');
  await expect(restoreBackup(new StateStore(target), file)).rejects.toMatchObject({
    code: 'EXTERNAL_LINK',
    kind: 'failed',
  });
  expect(fs.existsSync(target)).toBe(false);
  const skipped = room.fresh('target');
  const { skippedLinks, complete } = await restoreBackup(new StateStore(skipped), file, { externalLinks: 'skip' });
  expect({ skippedLinks, complete }).toEqual({ skippedLinks: ['out', 'through'], complete: false });
  expect(fs.readdirSync(skipped)).not.toContain('out');
  const kept = room.fresh('target');
  expect((await restoreBackup(new StateStore(kept), file, { externalLinks: 'keep' })).complete).toBe(true);
  expect(compareTrees(readTree(root), readTree(kept))).toEqual([]);
});

test('an interrupted restore leaves nothing', async () => {
  for (const after of ['check', 'extract', 'sync'] as const) {
    const { folder, live } = liveTree();
    const before = contentOf(folder);
    const controller = new AbortController();
    const restoring = restoreBackup(live, snapshot, {
      mode: 'replace',
      signal: controller.signal,
      onEvent: (event) => event.type === 'phase' && event.phase === after && controller.abort(),
    });
    await expect(restoring).rejects.toMatchObject({ code: 'ABORTED', kind: 'aborted' });
    expect(compareTrees(before, contentOf(folder))).toEqual([]);
  }
});

test('a snapshot that is not there, or a directory, is said so', async () => {
  const target = room.fresh('target');
  for (const path of [room.path('nothing.tar.gz'), state])
    await expect(restoreBackup(new StateStore(target), path)).rejects.toMatchObject({
      code: 'SNAPSHOT_MISSING',
      kind: 'failed',
    });
  expect(fs.existsSync(target)).toBe(false);
});

test('what a part takes away stays away, also below a directory that was asked for', async () => {
  for (const paths of [
    ['seeds', '!seeds/b.json'],
    ['se*', '!b.json'],
  ]) {
    const target = room.fresh('part');
    await restoreBackup(new StateStore(target), snapshot, { paths });
    expect(fs.readdirSync(join(target, 'seeds'))).toEqual(['a.json']);
  }
});

test('a restore from a pipe in which nothing comes can be interrupted', async () => {
  const folder = room.fresh('idle');
  fs.mkdirSync(folder);
  const interrupt = new AbortController();
  const idle = new PassThrough();
  const restored = restoreBackup(new StateStore(join(folder, 'state')), idle, { signal: interrupt.signal });
  idle.write(fs.readFileSync(snapshot).subarray(0, 1000), () => interrupt.abort());
  await expect(restored).rejects.toMatchObject({ code: 'ABORTED' });
  expect(fs.readdirSync(folder)).toEqual([]);
});
