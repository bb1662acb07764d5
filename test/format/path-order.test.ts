import fc from 'fast-check';
import { expect, test } from 'vitest';
import { comparePaths, isBelow, parentOf } from '../../src/format/path-order.ts';
import { path } from './arbitraries.ts';

/** The document's sentence: byte by byte, with `/` counted below every other byte. */
function oracle(a: string, b: string): number {
  const key = (text: string) => Buffer.from(text).map((byte) => (byte === 0x2f ? 0 : byte === 0 ? 1 : byte));
  return Buffer.compare(key(a), key(b));
}

test('the order is that of the UTF-8 bytes with the slash first', () => {
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(oracle(a, b));
      expect(Math.sign(comparePaths(a, b))).toBe(0 - Math.sign(comparePaths(b, a)));
    }),
    { numRuns: 2000 },
  );
});

test('paths that share a beginning are distinguished where they part', () => {
  fc.assert(
    fc.property(
      path,
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
      (stem, one, other) => {
        const [a, b] = [stem + one, stem + other];
        fc.pre(a.isWellFormed() && b.isWellFormed() && !`${a}${b}`.includes('\0'));
        expect(Math.sign(comparePaths(a, b))).toBe(oracle(a, b));
      },
    ),
    { numRuns: 400 },
  );
});

test('a directory comes before what it holds, and nothing is between', () => {
  const sorted = ['a', 'a/b', 'a/b/c', 'a/b!', 'a!', 'a-b', 'a.b', 'b'];
  expect([...sorted].reverse().sort(comparePaths)).toEqual(sorted);
});

test('code points above U+FFFF come behind those below', () => {
  expect(comparePaths('\u{10000}', '\uffff')).toBeGreaterThan(0);
  expect(comparePaths('\ue000', '\u{10ffff}')).toBeLessThan(0);
  expect(comparePaths('\ud7ff', '\ue000')).toBeLessThan(0);
});

test('parents and what lies below', () => {
  expect(parentOf('a/b/c')).toBe('a/b');
  expect(parentOf('a')).toBe('');
  expect(isBelow('a/b', 'a')).toBe(true);
  expect(isBelow('a/b/c', 'a')).toBe(true);
  expect(isBelow('ab', 'a')).toBe(false);
  expect(isBelow('a', 'a')).toBe(false);
});
