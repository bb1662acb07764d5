import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areZero, startsAt, wordsOf } from '../../src/read/words.ts';

/** Mostly zeros, at any offset of their memory. */
const bytes = fc
  .tuple(fc.array(fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 7), { maxLength: 80 }), fc.integer({ min: 0, max: 5 }))
  .map(([values, offset]) => Uint8Array.from([...new Array(offset).fill(1), ...values]).subarray(offset));

test('bytes are zero by words when each of them is', () => {
  fc.assert(
    fc.property(bytes, fc.nat(80), fc.nat(80), (all, a, b) => {
      const from = Math.min(a, b, all.length);
      const to = Math.min(Math.max(a, b), all.length);
      const expected = all.subarray(from, to).every((byte) => byte === 0);
      expect(areZero(all, wordsOf(all), from, to)).toBe(expected);
      expect(areZero(all, null, from, to)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

test('bytes are the same by words when each of them is', () => {
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16, max: 1 });
  fc.assert(
    fc.property(sixteen, fc.nat(3), fc.nat(4), fc.boolean(), (a, at, length, isSame) => {
      const b = new Uint8Array(32);
      if (isSame) b.set(a, at * 4);
      const [x, y] = [wordsOf(a), wordsOf(b)];
      if (x === null || y === null) throw new Error('they begin at a word');
      const expected = Buffer.compare(a.subarray(0, length * 4), b.subarray(at * 4, (at + length) * 4)) === 0;
      expect(startsAt(x, y, at * 4, length * 4)).toBe(expected);
    }),
  );
});

test('bytes that begin inside a word have none', () => {
  expect(wordsOf(new Uint8Array(8).subarray(1))).toBeNull();
  expect(wordsOf(new Uint8Array(8).subarray(4))?.length).toBe(1);
});
