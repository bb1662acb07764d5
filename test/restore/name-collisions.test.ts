import fs from 'node:fs';
import { expect, test } from 'vitest';
import { NameCollisions, probeNameFolding } from '../../src/restore/name-collisions.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const meet = (folding: { case: boolean; normalization: boolean }, ...paths: string[]) => {
  const collisions = new NameCollisions(folding);
  for (const path of paths) collisions.add(path);
};
const collision = expect.objectContaining({ code: 'NAME_COLLISION', exitStatus: 1 });

test('names that meet where case is folded', () => {
  const folding = { case: true, normalization: false };
  for (const [a, b] of [
    ['a', 'A'],
    ['seeds/x.json', 'Seeds/x.json'],
    ['straße', 'STRASSE'],
    ['Σ', 'ς'],
    ['İ', 'i\u0307'],
  ] as const)
    expect(() => meet(folding, a, b), `${a} ${b}`).toThrow(collision);
  expect(() => meet(folding, 'a', 'b', 'A2', 'a3', 'ä')).not.toThrow();
});

test('names that meet where characters are normalised', () => {
  const folding = { case: false, normalization: true };
  expect(() => meet(folding, '\u00e9', 'e\u0301')).toThrow(collision);
  expect(() => meet(folding, '\u212b', '\u00c5')).toThrow(collision);
  expect(() => meet(folding, 'a', 'A', 'é', 'e')).not.toThrow();
});

test('a path that comes twice is no collision, and nothing meets where all are told apart', () => {
  expect(() => meet({ case: true, normalization: true }, 'a', 'a')).not.toThrow();
  expect(() => meet({ case: false, normalization: false }, 'a', 'A', '\u00e9', 'e\u0301')).not.toThrow();
});

test('the probe leaves nothing, and an unwritable directory is said so', () => {
  fs.mkdirSync(room.path('probed'));
  expect(probeNameFolding(room.path('probed'))).toEqual({ case: false, normalization: false });
  expect(fs.readdirSync(room.path('probed'))).toEqual([]);
  expect(() => probeNameFolding(room.path('missing'))).toThrow(
    expect.objectContaining({ code: 'IO', name: 'BackupError' }),
  );
});
