import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePage, encodePage } from '../../src/format/index-page.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { packed } from '../archives/snapshot.ts';
import { path } from './arbitraries.ts';

const invalid = expect.objectContaining({ code: 'INDEX_INVALID' });
const rows = fc
  .array(
    fc.record({
      first: path,
      entries: fc.integer({ min: 1, max: 16_384 }),
      members: fc.integer({ min: 1, max: 524_288 }),
      length: fc.integer({ min: 4, max: 2 ** 30 }),
      sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      stored: fc.nat(),
      raw: fc.nat(),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((all) => {
    let offset = 1000;
    return all.map((row) => {
      const placed = { ...row, offset };
      offset += row.stored;
      return placed;
    });
  });

test('parse after serialize gives the same value, serialize after parse the same bytes', () => {
  fc.assert(
    fc.property(rows, (value) => {
      const bytes = encodePage(value, NODE_CODEC);
      expect(decodePage(bytes, 1000, NODE_CODEC)).toEqual(value);
      expect(Buffer.compare(encodePage(decodePage(bytes, 0, NODE_CODEC), NODE_CODEC), bytes)).toBe(0);
    }),
  );
});

describe('columns that do not fit are refused', () => {
  const sound = { first: ['a'], entries: [1], members: [1], length: [4], stored: [0], raw: [0] };
  const decode = (change: object, digests = 1) =>
    decodePage(packed({ ...sound, ...change }, [Buffer.alloc(32 * digests)]), 0, NODE_CODEC);
  test('unless they do', () => expect(decode({ later: 1.5 })).toHaveLength(1));
  test.each<object>([
    { first: [] },
    { first: [1] },
    { entries: [0] },
    { entries: [16_385] },
    { entries: [1, 1] },
    { members: [524_289] },
    { length: [3] },
    { stored: [-1] },
    { raw: undefined },
    { raw: ['0'] },
  ])('%j', (change) => expect(() => decode(change)).toThrow(invalid));
  test('digests that are too few or too many', () => {
    expect(() => decode({}, 0)).toThrow(invalid);
    expect(() => decode({}, 2)).toThrow(invalid);
  });
  test('more than 4,096 blocks', () => {
    const column = (value: unknown) => Array(4097).fill(value);
    const columns = {
      first: column('a'),
      entries: column(1),
      members: column(1),
      length: column(4),
      stored: column(0),
      raw: column(0),
    };
    expect(() => decodePage(packed(columns, [Buffer.alloc(32 * 4097)]), 0, NODE_CODEC)).toThrow(invalid);
  });
});
