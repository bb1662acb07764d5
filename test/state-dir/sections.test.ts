import { expect, test } from 'vitest';
import { CATEGORIES, entryStem, sectionOf } from '../../src/state-dir/sections.ts';

test('the nine categories are in the order of the manifest', () => {
  expect(CATEGORIES).toHaveLength(9);
  expect(CATEGORIES[0]).toBe('seeds');
  expect(CATEGORIES.at(-1)).toBe('agent_groups');
});

test.each([
  ['a.json', 'a'],
  ['a.md', 'a'],
  ['a.b.json', 'a.b'],
  ['..json', '.'],
  ['.hidden.md', '.hidden'],
  ['.json', null],
  ['.md', null],
  ['a.JSON', null],
  ['a.json.123.tmp', null],
  ['ajson', null],
  ['a.', null],
])('the stem of %s is %s', (name, stem) => {
  expect(entryStem(name)).toBe(stem);
});

test.each([
  ['seeds/a.json', 'seeds'],
  ['memory/facts/ü.md', 'memory/facts'],
  ['memory/facts/deep/a.md', null],
  ['memory/a.json', null],
  ['a.json', null],
  ['seeds', null],
  ['seeds/.json', null],
  ['x/seeds/a.json', null],
])('%s counts for %s', (path, section) => {
  expect(sectionOf(path)).toBe(section);
});
