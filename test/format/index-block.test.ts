import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { padded } from '../../src/format/entry.ts';
import { type BlockEntry, blockEntries, blockOf, decodeBlock, encodeBlock } from '../../src/format/index-block.ts';
import { blockEntry } from './arbitraries.ts';

const tarBytes = (entries: readonly BlockEntry[]) =>
  entries.reduce((sum, { headerBlocks, size }) => sum + headerBlocks * 512 + padded(size), 0);

/** Entries and members that hold their tar bytes. */
const contents = fc
  .tuple(
    fc.array(
      blockEntry.filter(({ size }) => size < 2 ** 24),
      { minLength: 1, maxLength: 12 },
    ),
    fc.nat(3),
  )
  .map(([entries, cuts]) => {
    const raw = tarBytes(entries);
    const members = [];
    for (let left = raw; left > 0; ) {
      const length = members.length < cuts && left > 512 ? 512 * Math.ceil(left / 1024) : left;
      const piece = Math.min(length, 64 * 2 ** 20);
      members.push({ stored: 29 + (piece >> 2), raw: piece });
      left -= piece;
    }
    return { entries, members };
  });

const invalid = expect.objectContaining({ code: 'INDEX_INVALID', exitStatus: 4 });

/** A block of these columns, whatever they are. */
function encodeColumns(columns: unknown, digests = Buffer.alloc(0)): Buffer {
  const deflated = deflateRawSync(JSON.stringify(columns));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(deflated.length);
  return Buffer.concat([length, deflated, digests]);
}

test('parse after serialize gives the same value', () => {
  fc.assert(
    fc.property(contents, ({ entries, members }) => {
      const block = blockOf(entries, members);
      const decoded = decodeBlock(encodeBlock(block));
      expect(decoded).toEqual(block);
      expect(blockEntries(decoded)).toEqual(entries);
    }),
    { numRuns: 200 },
  );
});

test('serialize after parse gives the same bytes', () => {
  fc.assert(
    fc.property(contents, ({ entries, members }) => {
      const bytes = encodeBlock(blockOf(entries, members));
      expect(encodeBlock(decodeBlock(bytes)).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('a block with a byte changed is refused, or is a block of the same form', () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ entries, members }, draw, change) => {
      const bytes = encodeBlock(blockOf(entries, members));
      const at = draw % bytes.length;
      bytes[at] = (bytes[at] as number) ^ change;
      try {
        const decoded = decodeBlock(bytes);
        expect(tarBytes(blockEntries(decoded))).toBe(decoded.raw.reduce((sum, raw) => sum + raw, 0));
      } catch (error) {
        expect(error).toEqual(invalid);
      }
    }),
    { numRuns: 500 },
  );
});

test('a block cut anywhere is refused', () => {
  const entry: BlockEntry = {
    path: 'a',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    mtimeNs: 0,
    size: 3,
    headerBlocks: 1,
    sha256: '01'.repeat(32),
  };
  const bytes = encodeBlock(blockOf([entry], [{ stored: 100, raw: 1024 }]));
  expect(blockEntries(decodeBlock(bytes))).toEqual([entry]);
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeBlock(bytes.subarray(0, length))).toThrow(invalid);
});

describe('columns that do not fit are refused', () => {
  const sound = {
    path: ['a'],
    type: 'f',
    mode: [0o644],
    uid: [0],
    gid: [0],
    mtime: [0],
    mtime_ns: [0],
    header: [1],
    size: [3],
    link: [],
    stored: [100],
    raw: [1024],
  };
  const digest = Buffer.alloc(32);
  test('unless they do', () => {
    expect(decodeBlock(encodeColumns(sound, digest)).path).toEqual(['a']);
  });
  const wrong: Record<string, unknown>[] = [
    { path: ['a', 'b'] },
    { path: 'a' },
    { path: [1] },
    { type: 'x' },
    { type: 'ff' },
    { type: 'd' },
    { type: ['f'] },
    { mode: [0o10000] },
    { mode: [-1] },
    { mode: [0.5] },
    { uid: [2 ** 32] },
    { mtime: [8.64e12 + 1] },
    { mtime: ['0'] },
    { mtime_ns: [1e9] },
    { mtime_ns: [-1] },
    { header: [0] },
    { header: [1025] },
    { size: [] },
    { size: [-1] },
    { size: [2 ** 53] },
    { size: [null] },
    { link: ['a'] },
    { stored: [] },
    { raw: [512] },
    { raw: [0] },
    { raw: [2 ** 27] },
    { more: [] },
  ];
  test.each(wrong)('%j', (change) => {
    expect(() => decodeBlock(encodeColumns({ ...sound, ...change }, digest))).toThrow(invalid);
  });
  test('digests that are too few or too many', () => {
    expect(() => decodeBlock(encodeColumns(sound))).toThrow(invalid);
    expect(() => decodeBlock(encodeColumns(sound, Buffer.alloc(33)))).toThrow(invalid);
    expect(() => decodeBlock(encodeColumns(sound, Buffer.alloc(64)))).toThrow(invalid);
  });
  test('what is no object, or inflates without end', () => {
    for (const value of [null, [], 'text', 1, {}]) expect(() => decodeBlock(encodeColumns(value))).toThrow(invalid);
    const bomb = deflateRawSync(Buffer.alloc(80 * 2 ** 20, ' '));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bomb.length);
    expect(() => decodeBlock(Buffer.concat([length, bomb]))).toThrow(invalid);
  });
});
