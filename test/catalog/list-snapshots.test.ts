import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createBackup, listSnapshots, type SnapshotInfo, StateStore } from 'oxios-backup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultSnapshotName } from '../../src/storage/snapshot-name.ts';
import { directory, file } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { lastJson, MAIN } from '../cli/command-line.ts';
import { SnapshotFolder, sealedSnapshot } from './snapshot-folder.ts';

const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;

let folder: SnapshotFolder;
beforeEach(() => {
  folder = new SnapshotFolder();
});
afterEach(() => folder.remove());

const list = () => listSnapshots({ folder: folder.path });
const rowsOf = <K extends keyof SnapshotInfo>(snapshots: SnapshotInfo[], ...keys: K[]) =>
  snapshots.map((snapshot) => keys.map((key) => snapshot[key]));

test('lists what createBackup made, oldest first, with time, size, sections, totals', async () => {
  const state = new SnapshotFolder();
  try {
    fs.mkdirSync(state.file('sessions'));
    state.write('sessions/a.json', '{}');
    const made: string[] = [];
    for (const createdAt of [new Date('2026-02-02T10:00:00Z'), new Date('2026-02-01T10:00:00Z')]) {
      const output = folder.file(defaultSnapshotName(createdAt));
      const { length } = await createBackup(new StateStore(state.path), output, { createdAt, oxiosVersion: '0.3.0' });
      made.unshift(`${output} ${length}`);
    }
    const snapshots = await list();
    expect(snapshots.map((snapshot) => `${snapshot.path} ${snapshot.length}`)).toEqual(made);
    expect(rowsOf(snapshots, 'state', 'time', 'problem', 'incomplete', 'verifiedAt')).toEqual([
      ['sealed', new Date('2026-02-01T10:00:00Z'), null, 0, null],
      ['sealed', new Date('2026-02-02T10:00:00Z'), null, 0, null],
    ]);
    expect(snapshots[0]?.manifest?.sections).toEqual([{ name: 'sessions', entry_count: 1 }]);
    expect(snapshots[0]?.totals).toMatchObject({ entries: 2, files: 1, bytes: 2 });
  } finally {
    state.remove();
  }
});

test('growth is against the one before it of the same source', async () => {
  const grown = [
    directory('sessions'),
    file('sessions/one.json', Buffer.from(Array.from({ length: 999 }, Math.random))),
  ];
  folder.add('a.tar.gz', { made: '2026-01-01' });
  folder.add('b.tar.gz', { made: '2026-01-02', hostname: 'other' });
  folder.add('c.tar.gz', { made: '2026-01-03', entries: grown });
  folder.add('d.tar.gz', { made: '2026-01-04', hostname: 'other' });
  const snapshots = await list();
  const [a = 0, b = 0, c = 0, d = 0] = snapshots.map(({ length }) => length);
  expect(snapshots.map(({ growth }) => growth)).toEqual([null, null, c - a, d - b]);
});

test('a snapshot is known by its content, whatever its name', async () => {
  folder.add('renamed by somebody', { made: '2026-01-01' });
  expect(rowsOf(await list(), 'name', 'state')).toEqual([['renamed by somebody', 'sealed']]);
});

test('the bytes between the ends are not read', async () => {
  folder.add('a.tar.gz', { made: '2026-01-01' });
  folder.damage('a.tar.gz');
  expect(rowsOf(await list(), 'state', 'verifiedAt')).toEqual([['sealed', null]]);
});

test('a foreign archive is listed as foreign', async () => {
  folder.write('old.tar.gz', buildForeign([directory('sessions'), file('sessions/a.json')]));
  expect(rowsOf(await list(), 'state', 'time', 'totals', 'incomplete')).toEqual([
    ['foreign', new Date('2026-03-03T02:00:00Z'), null, null],
  ]);
});

test('what was meant to be a snapshot and is none is listed, with the reason', async () => {
  const sound = sealedSnapshot({ made: '2026-01-01' });
  folder.write('cut', sound.subarray(0, -1000));
  folder.write('headless', Buffer.concat([Buffer.alloc(100), sound.subarray(100)]));
  folder.write('appended', Buffer.concat([sound, Buffer.from('x')]));
  folder.write(
    'later',
    buildSnapshot([], {
      seal: (seal) => {
        seal.version = 2;
      },
    }),
  );
  folder.write('oxios-backup-20260101T000000Z-aaaa.tar.gz', '');
  const snapshots = await list();
  expect(snapshots.every(({ state }) => state === 'unusable')).toBe(true);
  // By the time in its name: it was written just now.
  expect(rowsOf(snapshots, 'name', 'time')[0]).toEqual([
    'oxios-backup-20260101T000000Z-aaaa.tar.gz',
    new Date('2026-01-01T00:00:00Z'),
  ]);
  expect(Object.fromEntries(snapshots.map(({ name, problem }) => [name, problem?.code]))).toEqual({
    cut: 'SNAPSHOT_TRUNCATED',
    headless: 'SNAPSHOT_DAMAGED',
    appended: 'TRAILING_DATA',
    later: 'FORMAT_VERSION',
    'oxios-backup-20260101T000000Z-aaaa.tar.gz': 'SNAPSHOT_TRUNCATED',
  });
});

test.skipIf(process.getuid?.() === 0)('one that may not be read is listed, with the reason', async () => {
  fs.chmodSync(folder.add('mine.tar.gz', { made: '2026-01-01' }), 0o000);
  fs.chmodSync(folder.write('other.txt', ''), 0o000);
  const snapshots = await list();
  expect(snapshots.map(({ name, state, problem }) => [name, state, problem?.code])).toEqual([
    ['mine.tar.gz', 'unreadable', 'PERMISSION'],
  ]);
});

test('everything else is passed over', async () => {
  const sound = sealedSnapshot({ made: '2026-01-01' });
  fs.mkdirSync(folder.file('folder'));
  folder.write('folder/inside.tar.gz', sound);
  fs.symlinkSync('folder/inside.tar.gz', folder.file('link.tar.gz'));
  folder.write('.hidden.tar.gz', sound);
  folder.write('notes.txt', 'nothing');
  folder.write('empty', '');
  folder.write('photos.tar.gz', buildForeign([file('photo')], { manifestTar: () => Buffer.alloc(0) }));
  folder.write('text.tar.gz', 'not even gzip');
  expect(await list()).toEqual([]);
});

test.each([
  ['missing', 'there is no folder'],
  ['notes.txt', 'is not a folder'],
])('refuses %s', async (name, message) => {
  folder.write('notes.txt', '');
  await expect(listSnapshots({ folder: folder.file(name) })).rejects.toMatchObject({
    code: 'SNAPSHOT_MISSING',
    message: expect.stringContaining(message),
  });
});

test('ends when its caller gives it up', async () => {
  folder.addDays(1, 2);
  await expect(listSnapshots({ folder: folder.path, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORTED',
  });
});

test.skipIf(!hasStrace)('a file that the system does not let be looked at hides no other', async () => {
  folder.addDays(1, 3);
  const command = [process.execPath, MAIN, 'snapshots', folder.path, '--json'];
  const faults = ['-f', '-qq', '-o', '/dev/null', '-P', folder.file('2.tar.gz')];
  const inject = ['-e', 'inject=statx,lstat,newfstatat,fstat:error=EIO'];
  const { status, stdout, stderr } = spawnSync('strace', [...faults, ...inject, ...command], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { snapshots } = lastJson(stdout) as { snapshots: { name: string; state: string; problem: unknown }[] };
  const states = Object.fromEntries(snapshots.map(({ name, state }) => [name, state]));
  expect(states).toEqual({ '1.tar.gz': 'sealed', '2.tar.gz': 'unreadable', '3.tar.gz': 'sealed' });
  expect(snapshots.find(({ name }) => name === '2.tar.gz')?.problem).toMatchObject({
    code: 'IO',
    message: expect.stringContaining('EIO'),
  });
});
