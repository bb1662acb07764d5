import fc from 'fast-check';
import { expect, test } from 'vitest';
import { padded, splitTime } from '../../src/format/entry.ts';

test('sizes are padded to whole tar blocks', () => {
  expect([0, 1, 511, 512, 513, 2 ** 40 + 1].map(padded)).toEqual([0, 512, 512, 512, 1024, 2 ** 40 + 512]);
});

test('a time is whole seconds, rounded down, and nanoseconds that are never negative', () => {
  expect(splitTime(1_500_000_000n)).toEqual({ mtime: 1, mtimeNs: 500_000_000 });
  expect(splitTime(-1n)).toEqual({ mtime: -1, mtimeNs: 999_999_999 });
  expect(splitTime(-1_000_000_000n)).toEqual({ mtime: -1, mtimeNs: 0 });
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (ns) => {
      const { mtime, mtimeNs } = splitTime(ns);
      expect(mtimeNs >= 0 && mtimeNs < 1e9).toBe(true);
      expect(BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNs)).toBe(ns);
    }),
  );
});
