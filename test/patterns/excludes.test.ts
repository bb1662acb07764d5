import { expect, test } from 'vitest';
import { compileUserExcludes } from '../../src/patterns/excludes.ts';

test.each([
  ['Café.json', 'Cafe\u0301.json'],
  ['Cafe\u0301.json', 'Café.json'],
  ['/notes/é?/', 'notes/e\u0301a/x'],
  ['*.é', 'a/b.e\u0301'],
])('a letter is the same, composed or decomposed: %s excludes %s, and is named as it was given', (pattern, path) => {
  expect(compileUserExcludes(['other', pattern])(path, false)).toBe(pattern);
});

test('a letter without its accent is another one, and so is a capital', () => {
  const excludes = compileUserExcludes(['Café.json', '*.log', '!é.log']);
  expect(['Cafe.json', 'café.json', 'app.LOG', 'e\u0301.log'].map((path) => excludes(path, false))).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(excludes('e.log', false)).toBe('*.log');
});
