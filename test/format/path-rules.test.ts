import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertSafePath } from '../../src/format/path-rules.ts';
import { path } from './arbitraries.ts';

const refused = { code: 'UNSAFE_NAME', kind: 'invalid' };
const validator = (name: string, platform: NodeJS.Platform) => {
  try {
    assertSafePath(name, platform);
    return null;
  } catch (error) {
    return error;
  }
};

describe('refused everywhere', () => {
  const names = [
    '',
    '/',
    '/etc/passwd',
    '//a',
    'a//b',
    'a/',
    '.',
    '..',
    './a',
    '../a',
    'a/.',
    'a/..',
    'a/./b',
    'a/../b',
    'a/b/..',
    'a\0b',
    '\0',
    'a/\0',
    '\ud800',
    'a/\udfff/b',
    'x'.repeat(1024),
    `a/${'語'.repeat(342)}`,
    'é'.repeat(512),
    Array.from({ length: 17 }, () => 'd'.repeat(240)).join('/'),
  ];
  test.each(names.map((name) => [JSON.stringify(name.slice(0, 40)), name]))('%s', (_, name) => {
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      expect(validator(name, platform)).toMatchObject(refused);
  });
});

describe('valid names on Linux, refused where they mean something else', () => {
  const names = [
    'a:b.json',
    'back\\slash',
    '..\\up',
    'C:',
    'C:/a',
    '\\\\server\\share',
    'con',
    'CON.txt',
    'a/nul',
    'aux.md',
    'COM1',
    'lpt9.log',
    'com¹',
    'a.',
    'a ',
    'a/b./c',
    'a*',
    'a?',
    '"a"',
    '<a>',
    'a|b',
    'new\nline',
    'a\x1fb',
  ];
  test.each(names.map((name) => [JSON.stringify(name), name]))('%s', (_, name) => {
    expect(validator(name, 'linux')).toBeNull();
    expect(validator(name, 'win32')).toMatchObject(refused);
  });
});

test('names that only look like those are valid everywhere', () => {
  for (const name of [
    '...',
    '..a',
    'a..',
    '.a',
    'a.b',
    'connect',
    'console.log',
    'com10',
    'aux1',
    'null',
    'a/.hidden',
  ]) {
    expect(validator(name, 'linux')).toBeNull();
  }
  for (const name of ['..a', '.a', 'a.b', 'connect', 'console.log', 'com10', 'aux1', 'null'])
    expect(validator(name, 'win32')).toBeNull();
});

test('the longest name and path are allowed', () => {
  expect(validator('x'.repeat(1023), 'linux')).toBeNull();
  expect(validator('語'.repeat(85), 'linux')).toBeNull();
  expect(
    validator(
      Array.from({ length: 16 }, () => 'd'.repeat(255))
        .join('/')
        .slice(0, 4095),
      'linux',
    ),
  ).toBeNull();
});

test('whatever a file system can hold is allowed, and joining it to a directory stays in it', () => {
  fc.assert(
    fc.property(path, (name) => {
      fc.pre(name.split('/').every((part) => Buffer.byteLength(part) <= 1023) && Buffer.byteLength(name) <= 4095);
      expect(validator(name, 'linux')).toBeNull();
    }),
  );
});

test('the message can be printed', () => {
  expect((validator('/\u001b[31m\n', 'linux') as Error).message).not.toMatch(/\p{Cc}/u);
});
