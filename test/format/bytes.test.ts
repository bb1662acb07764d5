import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  concat,
  equalsAt,
  readU16,
  readU32,
  readU64,
  utf8,
  writeU16,
  writeU32,
  writeU64,
} from '../../src/format/bytes.ts';

const place = fc.nat(9);

test('numbers are little-endian and unsigned, as Node has them', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffffffff), fc.maxSafeNat(), place, (two, four, eight, at) => {
      const [ours, nodes] = [new Uint8Array(24), Buffer.alloc(24)];
      writeU16(two, ours, at);
      nodes.writeUInt16LE(two, at);
      writeU32(four, ours, at + 2);
      nodes.writeUInt32LE(four, at + 2);
      writeU64(eight, ours, at + 6);
      nodes.writeBigUInt64LE(BigInt(eight), at + 6);
      expect(Buffer.from(ours)).toEqual(nodes);
      expect([readU16(ours, at), readU32(ours, at + 2), readU64(ours, at + 6)]).toEqual([two, four, eight]);
    }),
  );
});

test('a number beyond 2^53 is the nearest that a double holds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
      expect(readU64(bytes, 0)).toBe(Number(Buffer.from(bytes).readBigUInt64LE(0)));
    }),
  );
});

test('bytes are found where they are, and not beyond the end', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(equalsAt(bytes, 1, Uint8Array.of(2, 3))).toBe(true);
  expect(equalsAt(bytes, 1, Uint8Array.of(2, 4))).toBe(false);
  expect(equalsAt(bytes, 2, Uint8Array.of(3, 0))).toBe(false);
});

test('parts are joined, and text is written, as Node does', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.string({ unit: 'grapheme' }), (parts, text) => {
      expect(Buffer.compare(concat(parts), Buffer.concat(parts))).toBe(0);
      expect(Buffer.compare(utf8(text), Buffer.from(text))).toBe(0);
    }),
  );
});
