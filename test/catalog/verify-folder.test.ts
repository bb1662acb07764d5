import fs from 'node:fs';
import { type BackupEvent, listSnapshots, verifyFolder } from 'oxios-backup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VERIFICATION_RECORDS } from '../../src/catalog/verification-records.ts';
import { directory, file } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { SnapshotFolder, sealedSnapshot } from './snapshot-folder.ts';

let folder: SnapshotFolder;
beforeEach(() => {
  folder = new SnapshotFolder();
});
afterEach(() => folder.remove());

/** Names of the snapshots that are remembered as verified. */
const verified = async () =>
  (await listSnapshots({ folder: folder.path }))
    .filter(({ verifiedAt }) => verifiedAt !== null)
    .map(({ name }) => name);

test('verifies each, and remembers when', async () => {
  folder.addDays(1, 3);
  expect(await verified()).toEqual([]);
  const before = Date.now();
  const result = await verifyFolder({ folder: folder.path });
  expect(result).toMatchObject({ directory: folder.path, valid: true });
  expect(result.snapshots.map(({ snapshot, valid }) => [snapshot.name, valid])).toEqual([
    ['1.tar.gz', true],
    ['2.tar.gz', true],
    ['3.tar.gz', true],
  ]);
  const times = (await listSnapshots({ folder: folder.path })).map(({ verifiedAt }) => verifiedAt?.getTime() ?? 0);
  expect(times).toEqual(result.snapshots.map(({ snapshot }) => snapshot.verifiedAt?.getTime()));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
  expect(folder.names()).toEqual([VERIFICATION_RECORDS, '1.tar.gz', '2.tar.gz', '3.tar.gz']);
});

test('verifies what was verified completely before by its digests, and remembers both', async () => {
  folder.addDays(1, 2);
  const [first] = (await verifyFolder({ folder: folder.path })).snapshots;
  folder.addDays(3, 3);
  const again = await verifyFolder({ folder: folder.path });
  expect(again.snapshots.map(({ verification }) => verification?.quick)).toEqual([true, true, false]);
  const [row, , last] = await listSnapshots({ folder: folder.path });
  expect(row?.verifiedAt).toEqual(first?.snapshot.verifiedAt);
  expect(row?.quickVerifiedAt?.getTime()).toBeGreaterThanOrEqual(row?.verifiedAt?.getTime() ?? Infinity);
  expect(last).toMatchObject({ quickVerifiedAt: null });
  const complete = await verifyFolder({ folder: folder.path, quick: false });
  expect(complete.snapshots.map(({ verification }) => verification?.quick)).toEqual([false, false, false]);
  expect((await listSnapshots({ folder: folder.path })).map(({ quickVerifiedAt }) => quickVerifiedAt)).toEqual([
    null,
    null,
    null,
  ]);
});

test('a quick verification of what was never verified completely is not remembered, but damage is', async () => {
  folder.addDays(1, 2);
  expect(await verifyFolder({ folder: folder.path, quick: true })).toMatchObject({ valid: true });
  expect(await verified()).toEqual([]);
  folder.damage('1.tar.gz');
  expect(await verifyFolder({ folder: folder.path, quick: true })).toMatchObject({ valid: false });
  const [damaged] = await listSnapshots({ folder: folder.path });
  expect(damaged).toMatchObject({ state: 'unusable', verifiedAt: null, quickVerifiedAt: null });
});

test('damage since is found by the digests, and then nothing is verified any more', async () => {
  folder.addDays(1, 2);
  await verifyFolder({ folder: folder.path });
  const { atime, mtime } = fs.statSync(folder.file('1.tar.gz'));
  folder.damage('1.tar.gz');
  fs.utimesSync(folder.file('1.tar.gz'), atime, mtime);
  expect((await verifyFolder({ folder: folder.path })).snapshots.map(({ valid }) => valid)).toEqual([false, true]);
  expect(await verified()).toEqual(['2.tar.gz']);
});

test('finds the damaged one, and goes on with the rest', async () => {
  folder.addDays(1, 3);
  folder.damage('2.tar.gz');
  const result = await verifyFolder({ folder: folder.path });
  expect(result.valid).toBe(false);
  expect(result.snapshots.map(({ valid }) => valid)).toEqual([true, false, true]);
  expect(result.snapshots[1]?.problems).not.toEqual([]);
  expect(await verified()).toEqual(['1.tar.gz', '3.tar.gz']);
  const [, damaged] = await listSnapshots({ folder: folder.path });
  expect(damaged).toMatchObject({ state: 'unusable', verifiedAt: null });
  expect(damaged?.problem?.message).toContain('found on 20');
});

test('a snapshot that was repaired is intact again', async () => {
  folder.addDays(1, 1);
  folder.damage('1.tar.gz');
  await verifyFolder({ folder: folder.path });
  folder.addDays(1, 1);
  expect((await verifyFolder({ folder: folder.path })).valid).toBe(true);
  expect(await verified()).toEqual(['1.tar.gz']);
});

test('damage that comes after a record is found by the next one, even when the time of the file does not show it', async () => {
  folder.addDays(1, 1);
  await verifyFolder({ folder: folder.path });
  const { atime, mtime } = fs.statSync(folder.file('1.tar.gz'));
  folder.damage('1.tar.gz');
  fs.utimesSync(folder.file('1.tar.gz'), atime, mtime);
  expect((await verifyFolder({ folder: folder.path })).valid).toBe(false);
  expect(await verified()).toEqual([]);
});

test('reports an foreign archive and remembers nothing of it; what cannot be opened is reported too', async () => {
  folder.write('old.tar.gz', buildForeign([directory('sessions'), file('sessions/a.json')]));
  folder.write('cut.tar.gz', sealedSnapshot({ made: '2026-01-01' }).subarray(0, -10));
  const { valid, snapshots } = await verifyFolder({ folder: folder.path });
  expect(valid).toBe(false);
  expect(Object.fromEntries(snapshots.map(({ snapshot, valid }) => [snapshot.name, valid]))).toEqual({
    'old.tar.gz': true,
    'cut.tar.gz': false,
  });
  expect(await verified()).toEqual([]);
  expect(folder.names()).not.toContain(VERIFICATION_RECORDS);
});

test('a folder without a snapshot is the wrong one', async () => {
  folder.write('notes.txt', 'mine');
  await expect(verifyFolder({ folder: folder.path })).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
});

test.each<[string, () => void]>([
  ['another snapshot takes its name', () => folder.add('1.tar.gz', { made: '2026-01-05' })],
  ['the same is written again', () => folder.write('1.tar.gz', fs.readFileSync(folder.file('1.tar.gz')))],
  ['it is damaged', () => folder.damage('1.tar.gz')],
  ['it is damaged, and its time put back', () => damageUnseen('1.tar.gz')],
  ['the memory is gone', () => fs.rmSync(folder.file(VERIFICATION_RECORDS))],
  ['the memory is empty', () => folder.write(VERIFICATION_RECORDS, '')],
  [
    'the memory is damaged',
    () => folder.write(VERIFICATION_RECORDS, fs.readFileSync(folder.file(VERIFICATION_RECORDS)).subarray(9)),
  ],
  ['the memory is of another format', () => folder.write(VERIFICATION_RECORDS, '{"format":2,"records":[]}')],
  ['the memory is a folder', () => replaceByFolder(folder.file(VERIFICATION_RECORDS))],
])('nothing is verified any more when %s', async (_, change) => {
  folder.addDays(1, 1);
  await verifyFolder({ folder: folder.path });
  expect(await verified()).toEqual(['1.tar.gz']);
  change();
  expect(await verified()).toEqual([]);
});

function damageUnseen(name: string): void {
  const { atime, mtime } = fs.statSync(folder.file(name));
  folder.damage(name);
  fs.utimesSync(folder.file(name), atime, mtime);
}

function replaceByFolder(file: string): void {
  fs.rmSync(file);
  fs.mkdirSync(file);
}

test('records of snapshots that are gone are forgotten', async () => {
  folder.addDays(1, 2);
  await verifyFolder({ folder: folder.path });
  fs.rmSync(folder.file('1.tar.gz'));
  await verifyFolder({ folder: folder.path });
  expect(JSON.parse(fs.readFileSync(folder.file(VERIFICATION_RECORDS), 'utf8')).records).toHaveLength(1);
});

test('a memory that cannot be written is said, and the result is kept', async () => {
  folder.addDays(1, 1);
  fs.mkdirSync(folder.file(VERIFICATION_RECORDS));
  const events: BackupEvent[] = [];
  const result = await verifyFolder({ folder: folder.path, onEvent: (event) => events.push(event) });
  expect(result.valid).toBe(true);
  expect(events).toContainEqual({
    type: 'notice',
    path: folder.path,
    message: expect.stringContaining('cannot be remembered'),
  });
  expect(folder.names()).toEqual([VERIFICATION_RECORDS, '1.tar.gz']);
});

test('events of each verification pass through', async () => {
  folder.addDays(1, 2);
  const events: BackupEvent[] = [];
  await verifyFolder({ folder: folder.path, onEvent: (event) => events.push(event) });
  expect(events.filter(({ type }) => type !== 'progress')).toEqual([
    { type: 'snapshot', path: folder.file('1.tar.gz'), number: 1, total: 2 },
    { type: 'phase', phase: 'check' },
    { type: 'snapshot', path: folder.file('2.tar.gz'), number: 2, total: 2 },
    { type: 'phase', phase: 'check' },
  ]);
});

test('what was verified before an interruption stays verified', async () => {
  folder.addDays(1, 3);
  const controller = new AbortController();
  const onEvent = (event: BackupEvent) => {
    if (event.type === 'snapshot' && event.path.endsWith('2.tar.gz')) controller.abort();
  };
  const verification = verifyFolder({ folder: folder.path, signal: controller.signal, onEvent });
  await expect(verification).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await verified()).toEqual(['1.tar.gz']);
});
