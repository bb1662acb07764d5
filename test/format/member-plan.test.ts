import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutsBefore, MEMBER_CAPACITY } from '../../src/format/member-plan.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';

interface Item {
  path: string;
  tarBytes: number;
}

/** Where members begin, as paths. */
function begins(items: readonly Item[]): string[] {
  const found: string[] = [];
  let held = 0;
  for (const { path, tarBytes } of items) {
    if (held === 0 || cutsBefore(path, tarBytes, held, NODE_CODEC)) {
      found.push(path);
      held = 0;
    }
    held += tarBytes;
  }
  return found;
}

const items = fc
  .array(fc.record({ name: fc.string({ maxLength: 12 }), blocks: fc.integer({ min: 1, max: 2049 }) }), {
    minLength: 1,
    maxLength: 400,
  })
  .map((drawn) => drawn.map(({ name, blocks }, i) => ({ path: `${i}-${name}`, tarBytes: blocks * 512 })));

test('no member is over 2 MiB, and none but the last under 512 KiB', () => {
  fc.assert(
    fc.property(items, (list) => {
      const starts = new Set(begins(list));
      const lengths: number[] = [];
      for (const { path, tarBytes } of list) {
        if (starts.has(path)) lengths.push(0);
        lengths.push((lengths.pop() as number) + tarBytes);
      }
      for (const length of lengths) expect(length).toBeLessThanOrEqual(MEMBER_CAPACITY);
      for (const [i, length] of lengths.slice(0, -1).entries()) {
        const next = list.find(({ path }) => path === [...starts][i + 1]) as Item;
        if (length < 512 * 1024) expect(length + next.tarBytes).toBeGreaterThan(MEMBER_CAPACITY);
      }
    }),
  );
});

test('a change moves the cuts around it and leaves the others where they were', () => {
  const list = Array.from({ length: 40_000 }, (_, i) => ({
    path: `memory/facts/${(i * 2_654_435_761) % 2 ** 32}.json`,
    tarBytes: 1024 + (i % 9) * 512,
  }));
  const before = begins(list);
  expect(before.length).toBeGreaterThan(100);
  const at = list.length >> 1;
  const changes: [string, Item[]][] = [
    ['removed', list.toSpliced(at, 1)],
    ['added', list.toSpliced(at, 0, { path: 'memory/facts/added.json', tarBytes: 4096 })],
    ['grown', list.toSpliced(at, 1, { ...(list[at] as Item), tarBytes: 900_000 })],
  ];
  for (const [what, changed] of changes) {
    const kept = new Set(before);
    const moved = begins(changed).filter((path) => !kept.has(path));
    expect([what, moved.length <= 4]).toEqual([what, true]);
  }
});

test('nothing is cut off before the first entry of a member', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(2 ** 21), (path, tarBytes) => {
      expect(cutsBefore(path, tarBytes, 0, NODE_CODEC)).toBe(false);
    }),
  );
});
