import fs from 'node:fs';
import { expect, test } from 'vitest';
import { collisionError, probeNameFolding } from '../../src/restore/name-collisions.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const meet = (folding: { case: boolean; normalization: boolean }, ...paths: string[]) =>
  collisionError(folding, () => [paths]);
const collision = expect.objectContaining({ code: 'NAME_COLLISION', kind: 'failed' });

test('names that meet where case is folded', async () => {
  const folding = { case: true, normalization: false };
  for (const [a, b] of [
    ['a', 'A'],
    ['seeds/x.json', 'Seeds/x.json'],
    ['straße', 'STRASSE'],
    ['Σ', 'ς'],
    ['İ', 'i\u0307'],
  ] as const)
    expect(await meet(folding, a, b), `${a} ${b}`).toEqual(collision);
  expect(await meet(folding, 'a', 'b', 'A2', 'a3', 'ä')).toBeNull();
});

test('names that meet where characters are normalised', async () => {
  const folding = { case: false, normalization: true };
  expect(await meet(folding, '\u00e9', 'e\u0301')).toEqual(collision);
  expect(await meet(folding, '\u212b', '\u00c5')).toEqual(collision);
  expect(await meet(folding, 'a', 'A', 'é', 'e')).toBeNull();
});

test('a path that comes twice is no collision, and nothing meets where all are distinguished', async () => {
  expect(await meet({ case: true, normalization: true }, 'a', 'a')).toBeNull();
  expect(await meet({ case: false, normalization: false }, 'a', 'A', '\u00e9', 'e\u0301')).toBeNull();
});

test('the probe leaves nothing, and an unwritable directory is said so', async () => {
  fs.mkdirSync(room.path('probed'));
  expect(probeNameFolding(room.path('probed'))).toEqual({ case: false, normalization: false });
  expect(fs.readdirSync(room.path('probed'))).toEqual([]);
  expect(() => probeNameFolding(room.path('missing'))).toThrow(
    expect.objectContaining({ code: 'IO', name: 'BackupError' }),
  );
});
