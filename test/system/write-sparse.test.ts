import fs from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isZero, writeSparse } from '../../src/system/write-sparse.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const BLOCK = 4096;

/** Writes content in parts, as a file that is new; tells what is in the file, and how many bytes it takes. */
function written(content: Buffer, parts: readonly number[]): { content: Buffer; allocated: number } {
  const path = room.fresh('file');
  const fd = fs.openSync(path, 'wx');
  let position = 0;
  let end = 0;
  for (const length of [...parts, content.length]) {
    const part = content.subarray(position, position + length);
    if (part.length === 0) break;
    end = writeSparse(fd, part, position);
    position += part.length;
  }
  if (end < content.length) fs.ftruncateSync(fd, content.length);
  const allocated = fs.fstatSync(fd).blocks * 512;
  fs.closeSync(fd);
  const back = fs.readFileSync(path);
  fs.rmSync(path);
  return { content: back, allocated };
}

test('whatever is written comes back, in whatever parts', () => {
  const run = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 20 * BLOCK }));
  const property = fc.property(
    fc.array(run, { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 30 * BLOCK }), { maxLength: 4 }),
    (runs, parts) => {
      const content = Buffer.concat(runs.map(([filled, length]) => Buffer.alloc(length, filled ? 'x' : 0)));
      expect(written(content, parts).content.equals(content)).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('long runs of zeros take no room, at the beginning, in the middle and at the end', () => {
  const hole = Buffer.alloc(2 ** 20);
  const data = Buffer.alloc(BLOCK, 'x');
  const { content, allocated } = written(Buffer.concat([hole, data, hole, data, hole]), []);
  expect(content).toHaveLength(3 * 2 ** 20 + 2 * BLOCK);
  expect(allocated).toBe(2 * BLOCK);
  expect(written(hole, [1000, 70_000, BLOCK]).allocated).toBeLessThan(10 * BLOCK);
  expect(written(Buffer.concat([data, Buffer.alloc(2 * BLOCK), data]), []).allocated).toBe(4 * BLOCK);
});

test('one byte among zeros is seen, wherever it is', () => {
  const bytes = Buffer.alloc(3 * 2 ** 20 + 5);
  expect(isZero(bytes)).toBe(true);
  expect(isZero(bytes, 5, 5)).toBe(true);
  for (const at of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 21 + 7, bytes.length - 2, bytes.length - 1]) {
    bytes[at] = 1;
    expect([at, isZero(bytes), isZero(bytes, at + 1), isZero(bytes, 0, at)]).toEqual([at, false, true, true]);
    bytes[at] = 0;
  }
});
