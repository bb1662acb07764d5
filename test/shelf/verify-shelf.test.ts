import fs from 'node:fs';
import { type BackupEvent, listSnapshots, verifyShelf } from 'oxios-backup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROOF_MEMORY } from '../../src/shelf/proof-memory.ts';
import { directory, file } from '../archives/entry.ts';
import { buildUnsealed } from '../archives/unsealed.ts';
import { ShelfFolder, sealedSnapshot } from './shelf-folder.ts';

let folder: ShelfFolder;
beforeEach(() => {
  folder = new ShelfFolder();
});
afterEach(() => folder.remove());

/** Names of the snapshots that are remembered as proven. */
const proven = async () =>
  (await listSnapshots(folder.path)).filter(({ provenAt }) => provenAt !== null).map(({ name }) => name);

test('verifies each, and remembers when', async () => {
  folder.addDays(1, 3);
  expect(await proven()).toEqual([]);
  const before = Date.now();
  const result = await verifyShelf(folder.path);
  expect(result).toMatchObject({ directory: folder.path, valid: true });
  expect(result.snapshots.map(({ snapshot, valid }) => [snapshot.name, valid])).toEqual([
    ['1.tar.gz', true],
    ['2.tar.gz', true],
    ['3.tar.gz', true],
  ]);
  const times = (await listSnapshots(folder.path)).map(({ provenAt }) => provenAt?.getTime() ?? 0);
  expect(times).toEqual(result.snapshots.map(({ snapshot }) => snapshot.provenAt?.getTime()));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
  expect(folder.names()).toEqual([PROOF_MEMORY, '1.tar.gz', '2.tar.gz', '3.tar.gz']);
});

test('finds the damaged one, and goes on with the rest', async () => {
  folder.addDays(1, 3);
  folder.damage('2.tar.gz');
  const result = await verifyShelf(folder.path);
  expect(result.valid).toBe(false);
  expect(result.snapshots.map(({ valid }) => valid)).toEqual([true, false, true]);
  expect(result.snapshots[1]?.problems).not.toEqual([]);
  expect(await proven()).toEqual(['1.tar.gz', '3.tar.gz']);
  const [, damaged] = await listSnapshots(folder.path);
  expect(damaged).toMatchObject({ state: 'unusable', provenAt: null });
  expect(damaged?.problem?.message).toContain('found on 20');
});

test('a snapshot that was repaired is sound again', async () => {
  folder.addDays(1, 1);
  folder.damage('1.tar.gz');
  await verifyShelf(folder.path);
  folder.addDays(1, 1);
  expect((await verifyShelf(folder.path)).valid).toBe(true);
  expect(await proven()).toEqual(['1.tar.gz']);
});

test('damage that comes after a proof is found by the next one, even when the time of the file does not tell', async () => {
  folder.addDays(1, 1);
  await verifyShelf(folder.path);
  const { atime, mtime } = fs.statSync(folder.file('1.tar.gz'));
  folder.damage('1.tar.gz');
  fs.utimesSync(folder.file('1.tar.gz'), atime, mtime);
  expect((await verifyShelf(folder.path)).valid).toBe(false);
  expect(await proven()).toEqual([]);
});

test('reports an unsealed archive and remembers nothing of it; what cannot be opened is reported too', async () => {
  folder.write('old.tar.gz', buildUnsealed([directory('sessions'), file('sessions/a.json')]));
  folder.write('cut.tar.gz', sealedSnapshot({ made: '2026-01-01' }).subarray(0, -10));
  const { valid, snapshots } = await verifyShelf(folder.path);
  expect(valid).toBe(false);
  expect(Object.fromEntries(snapshots.map(({ snapshot, valid }) => [snapshot.name, valid]))).toEqual({
    'old.tar.gz': true,
    'cut.tar.gz': false,
  });
  expect(await proven()).toEqual([]);
  expect(folder.names()).not.toContain(PROOF_MEMORY);
});

test('a folder without a snapshot is the wrong one', async () => {
  folder.write('notes.txt', 'mine');
  await expect(verifyShelf(folder.path)).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
});

test.each<[string, () => void]>([
  ['another snapshot takes its name', () => folder.add('1.tar.gz', { made: '2026-01-05' })],
  ['the same is written again', () => folder.write('1.tar.gz', fs.readFileSync(folder.file('1.tar.gz')))],
  ['it is damaged', () => folder.damage('1.tar.gz')],
  ['it is damaged, and its time put back', () => damageUnseen('1.tar.gz')],
  ['the memory is gone', () => fs.rmSync(folder.file(PROOF_MEMORY))],
  ['the memory is empty', () => folder.write(PROOF_MEMORY, '')],
  ['the memory is damaged', () => folder.write(PROOF_MEMORY, fs.readFileSync(folder.file(PROOF_MEMORY)).subarray(9))],
  ['the memory is of another format', () => folder.write(PROOF_MEMORY, '{"format":2,"proofs":[]}')],
  ['the memory is a folder', () => replaceByFolder(folder.file(PROOF_MEMORY))],
])('nothing is proven any more when %s', async (_, change) => {
  folder.addDays(1, 1);
  await verifyShelf(folder.path);
  expect(await proven()).toEqual(['1.tar.gz']);
  change();
  expect(await proven()).toEqual([]);
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

test('proofs of snapshots that are gone are forgotten', async () => {
  folder.addDays(1, 2);
  await verifyShelf(folder.path);
  fs.rmSync(folder.file('1.tar.gz'));
  await verifyShelf(folder.path);
  expect(JSON.parse(fs.readFileSync(folder.file(PROOF_MEMORY), 'utf8')).proofs).toHaveLength(1);
});

test('a memory that cannot be written is said, and the result stands', async () => {
  folder.addDays(1, 1);
  fs.mkdirSync(folder.file(PROOF_MEMORY));
  const events: BackupEvent[] = [];
  const result = await verifyShelf(folder.path, { onEvent: (event) => events.push(event) });
  expect(result.valid).toBe(true);
  expect(events).toContainEqual({
    type: 'notice',
    path: folder.path,
    message: expect.stringContaining('cannot be remembered'),
  });
  expect(folder.names()).toEqual([PROOF_MEMORY, '1.tar.gz']);
});

test('events of each verification pass through', async () => {
  folder.addDays(1, 2);
  const events: BackupEvent[] = [];
  await verifyShelf(folder.path, { onEvent: (event) => events.push(event) });
  const seen = events.map((event) => (event.type === 'notice' ? event.message : event.type));
  expect(seen.filter((name) => name !== 'progress')).toEqual([
    'is being verified (1 of 2)',
    'phase',
    'is being verified (2 of 2)',
    'phase',
  ]);
});

test('what was proven before an interruption stays proven', async () => {
  folder.addDays(1, 3);
  const controller = new AbortController();
  const onEvent = (event: BackupEvent) => {
    if (event.type === 'notice' && event.path?.endsWith('2.tar.gz')) controller.abort();
  };
  const verification = verifyShelf(folder.path, { signal: controller.signal, onEvent });
  await expect(verification).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await proven()).toEqual(['1.tar.gz']);
});
