import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beforeDrops, DROP, type HeldAmount, hasShrunk } from '../../src/catalog/drops.ts';

const held = (files: number, bytes = files): HeldAmount => ({ files, bytes });
/** Of states given oldest first, which stay. */
const kept = (...states: (number | [number, number])[]) =>
  beforeDrops(states.map((state) => held(...([state].flat() as [number, number]))).reverse()).map(({ files }) => files);

test('less than half of the files or bytes is a drop', () => {
  expect(hasShrunk(held(10), held(5), DROP)).toBe(false);
  expect(hasShrunk(held(10), held(4), DROP)).toBe(true);
  expect(hasShrunk(held(10, 1000), held(10, 400), DROP)).toBe(true);
  expect(hasShrunk(held(10, 1000), held(4, 1000), DROP)).toBe(true);
  expect(hasShrunk(held(0), held(0), DROP)).toBe(false);
  expect(hasShrunk(held(100), held(94), 0.05)).toBe(true);
});

test.each([
  ['no drop', [10, 10, 12, 8, 5], []],
  ['one drop, and what is made after it', [10, 11, 3, 3, 4], [11]],
  ['step by step', [100, 40, 15, 6], [15, 40, 100]],
  ['up and down: once is enough', [10, 4, 10, 4, 10, 4], [10]],
  ['a larger one before a smaller drop', [100, 30, 60, 20], [60]],
  ['it came back', [100, 5, 100], [100]],
])('%s', (_, states, expected) => {
  expect(kept(...states)).toEqual(expected);
});

test('bytes drop where files do not', () => {
  expect(kept([10, 1000], [11, 300])).toEqual([10]);
});

test('the newest from before a drop is always among them, and never more than the halvings from the largest', () => {
  const states = fc.array(fc.record({ files: fc.nat(1000), bytes: fc.constant(0) }), { maxLength: 30 });
  fc.assert(
    fc.property(states, (snapshots) => {
      const found = beforeDrops(snapshots);
      const at = snapshots.findIndex((state, i) => i > 0 && hasShrunk(state, snapshots[i - 1] as HeldAmount, DROP));
      expect(found[0]).toBe(at < 0 ? undefined : snapshots[at]);
      expect(found.length).toBeLessThanOrEqual(11);
    }),
  );
});
