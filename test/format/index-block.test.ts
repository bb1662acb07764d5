import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockBuilder } from '../../src/format/block-builder.ts';
import { padded } from '../../src/format/entry.ts';
import {
  type BlockEntry,
  blockEntries,
  blockMembers,
  checkBlock,
  decodeBlock,
  encodeBlock,
  type IndexBlock,
  type WrittenMember,
} from '../../src/format/index-block.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { blockEntry } from './arbitraries.ts';

const tarBytes = (entries: readonly BlockEntry[]) =>
  entries.reduce((sum, { headerBlocks, size }) => sum + headerBlocks * 512 + padded(size), 0);

const MIB = 2 ** 20;
const digest = (n: number) => n.toString(16).padStart(64, '0');

/** Entries in the members that hold them: a large file in pieces, others as they come. */
const contents = fc
  .tuple(
    fc.array(
      blockEntry.filter(({ size }) => size < 2 ** 24),
      { minLength: 1, maxLength: 12 },
    ),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([entries, perMember]) => {
    const members: WrittenMember[] = [];
    const add = (raw: number, pieceSha256 = '') =>
      members.push({ stored: 29 + (raw >> 2), raw, sha256: digest(members.length), pieceSha256 });
    let held: BlockEntry[] = [];
    const close = () => {
      if (held.length > 0) add(tarBytes(held));
      held = [];
    };
    for (const entry of entries) {
      if (entry.size <= MIB) {
        held.push(entry);
        if (held.length === perMember) close();
        continue;
      }
      close();
      for (let at = 0; at < entry.size; at += MIB) {
        const content = at + MIB < entry.size ? MIB : padded(entry.size) - at;
        add(content + (at === 0 ? entry.headerBlocks * 512 : 0), digest(at + 1));
      }
    }
    close();
    return { entries, members };
  });

function blockOf(entries: readonly BlockEntry[], members: readonly WrittenMember[]): IndexBlock {
  const builder = new BlockBuilder();
  for (const entry of entries) builder.addEntry(entry);
  for (const member of members) builder.addMember(member);
  return builder.build();
}

const invalid = expect.objectContaining({ code: 'INDEX_INVALID', kind: 'invalid' });

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
      const decoded = decodeBlock(encodeBlock(block, NODE_CODEC), NODE_CODEC);
      expect(decoded).toEqual(block);
      expect(blockEntries(decoded)).toEqual(entries);
      expect(() => checkBlock(block)).not.toThrow();
      const pieces = blockMembers(decoded).map(({ piece, ...member }) => ({
        ...member,
        pieceSha256: piece?.sha256 ?? '',
      }));
      expect(pieces).toEqual(members);
    }),
    { numRuns: 200 },
  );
});

test('serialize after parse gives the same bytes', () => {
  fc.assert(
    fc.property(contents, ({ entries, members }) => {
      const bytes = encodeBlock(blockOf(entries, members), NODE_CODEC);
      expect(Buffer.compare(encodeBlock(decodeBlock(bytes, NODE_CODEC), NODE_CODEC), bytes)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('a block that was encoded before is taken as it is, if it is the same', () => {
  const withoutDeflate = {
    ...NODE_CODEC,
    deflate(): never {
      throw new Error('deflates');
    },
  };
  fc.assert(
    fc.property(contents, fc.nat(), ({ entries, members }, draw) => {
      const block = blockOf(entries, members);
      const earlier = encodeBlock(block, NODE_CODEC);
      expect(encodeBlock(block, withoutDeflate, earlier)).toBe(earlier);
      const others = [
        { ...block, mtime: block.mtime.with(draw % entries.length, 12_345) },
        { ...block, storedSha256: digest(77) + block.storedSha256.slice(64) },
      ].filter((other) => JSON.stringify(other) !== JSON.stringify(block));
      for (const other of others) {
        expect(() => encodeBlock(other, withoutDeflate, earlier)).toThrow('deflates');
        expect(encodeBlock(other, NODE_CODEC, earlier)).toEqual(encodeBlock(other, NODE_CODEC));
      }
    }),
    { numRuns: 50 },
  );
});

test('a block with a byte changed is refused, or is a block of the same form', () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ entries, members }, draw, change) => {
      const bytes = encodeBlock(blockOf(entries, members), NODE_CODEC);
      const at = draw % bytes.length;
      bytes[at] = (bytes[at] as number) ^ change;
      try {
        const decoded = decodeBlock(bytes, NODE_CODEC);
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
  const bytes = encodeBlock(
    blockOf([entry], [{ stored: 100, raw: 1024, sha256: digest(1), pieceSha256: '' }]),
    NODE_CODEC,
  );
  expect(blockEntries(decodeBlock(bytes, NODE_CODEC))).toEqual([entry]);
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeBlock(bytes.subarray(0, length), NODE_CODEC)).toThrow(invalid);
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
    size: [3],
    link: [],
    stored: [100],
    raw: [1024],
  };
  const digests = Buffer.alloc(64);
  test('unless they do', () => {
    expect(decodeBlock(encodeColumns(sound, digests), NODE_CODEC).path).toEqual(['a']);
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
    { size: [] },
    { size: [-1] },
    { size: [2 ** 53] },
    { size: [null] },
    { link: ['a'] },
    { stored: [] },
    { raw: [512] },
    { raw: [0] },
    { raw: [2 ** 27] },
    { path: [], type: '', mode: [], uid: [], gid: [], mtime: [], mtime_ns: [], size: [], stored: [], raw: [] },
  ];
  test.each(wrong)('%j', (change) => {
    expect(() => decodeBlock(encodeColumns({ ...sound, ...change }, digests), NODE_CODEC)).toThrow(invalid);
  });
  test('but not for fields that nobody knows', () => {
    expect(decodeBlock(encodeColumns({ ...sound, more: [1.5, { a: null }] }, digests), NODE_CODEC).path).toEqual(['a']);
  });
  test('digests that are too few or too many', () => {
    expect(() => decodeBlock(encodeColumns(sound), NODE_CODEC)).toThrow(invalid);
    expect(() => decodeBlock(encodeColumns(sound, Buffer.alloc(32)), NODE_CODEC)).toThrow(invalid);
    expect(() => decodeBlock(encodeColumns(sound, Buffer.alloc(65)), NODE_CODEC)).toThrow(invalid);
    expect(() => decodeBlock(encodeColumns(sound, Buffer.alloc(96)), NODE_CODEC)).toThrow(invalid);
  });
  test('what is no object, or inflates without end', () => {
    for (const value of [null, [], 'text', 1, {}])
      expect(() => decodeBlock(encodeColumns(value), NODE_CODEC)).toThrow(invalid);
    const bomb = deflateRawSync(Buffer.alloc(80 * 2 ** 20, ' '));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bomb.length);
    expect(() => decodeBlock(Buffer.concat([length, bomb]), NODE_CODEC)).toThrow(invalid);
  });
});

describe('entries that do not lie in the members as they must are refused', () => {
  const fields = { path: 'a', mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, headerBlocks: 1 };
  const fileOf = (size: number): BlockEntry => ({ ...fields, type: 'file', size, sha256: digest(1) });
  const decode = (size: number, raws: number[], pieces = raws.length) => {
    const members = raws.map((raw, i) => ({
      stored: 50,
      raw,
      sha256: digest(2),
      pieceSha256: i < pieces ? digest(3) : '',
    }));
    return decodeBlock(encodeBlock(blockOf([fileOf(size)], members), NODE_CODEC), NODE_CODEC);
  };
  test('unless they do', () => {
    expect(decode(MIB, [512 + MIB], 0).size).toEqual([MIB]);
    expect(decode(MIB + 1, [512 + MIB, 512]).size).toEqual([MIB + 1]);
    // It grew while it was captured, and stands whole in one member.
    expect(decode(3 * MIB, [512 + 3 * MIB], 0).size).toEqual([3 * MIB]);
  });
  test.each([
    ['a small file in two members', 1024, [512 + 512, 512], 2],
    ['a first piece of less than a MiB', 2 * MIB, [512 + MIB - 512, MIB + 512], 2],
    ['pieces of more than a MiB', 4 * MIB, [512 + 2 * MIB, 2 * MIB], 2],
    ['a last piece without its padding', MIB + 1, [512 + MIB], 1],
    ['a piece too many', MIB + 1, [512 + MIB, 512, 512], 3],
    ['digests of pieces of a file in one member', MIB, [512 + MIB], 1],
    ['digests of pieces missing', 2 * MIB, [512 + MIB, MIB], 1],
  ])('%s', (_, size, raws, pieces) => expect(() => decode(size, raws, pieces)).toThrow(invalid));
});
