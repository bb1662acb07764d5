import { deflateRawSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeIndexPieces,
  END_MEMBER,
  encodeEmptyMember,
  encodeIndexPieces,
  encodeMember,
  encodeStoredMember,
  indexRange,
  indexStored,
  MEMBER_HEADER,
  MEMBER_OVERHEAD,
  memberKind,
  memberLength,
  PIECE,
} from '../../src/format/gzip-member.ts';
import { inflateMember } from '../../src/read/inflate-member.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { emptyMember, tarMember } from '../archives/gzip-member.ts';

const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Buffer.from(value));
const invalid = expect.objectContaining({ code: 'GZIP_INVALID', kind: 'invalid' });

describe('members with content', () => {
  test('are gzip, carry their length, and are as the document has them', () => {
    fc.assert(
      fc.property(bytes(5000, 1), fc.constantFrom<'M' | 'D' | 'E'>('M', 'D', 'E'), (content, kind) => {
        const stored = encodeStoredMember('M', content, NODE_CODEC);
        expect(Buffer.compare(stored, tarMember('M', content))).toBe(0);
        const deflated = deflateRawSync(content);
        const member = encodeMember(kind, deflated, content, NODE_CODEC);
        expect(gunzipSync(member).equals(content)).toBe(true);
        expect(member).toHaveLength(MEMBER_OVERHEAD + deflated.length);
        expect(memberLength(member, kind)).toBe(member.length);
        expect(memberKind(member)).toBe(kind);
        expect(inflateMember(member, kind, content.length).equals(content)).toBe(true);
        for (const other of ['M', 'D', 'E'] as const)
          if (other !== kind) expect(memberLength(member, other)).toBeNull();
      }),
    );
  });

  test('with any bit changed are refused, or hold the same', () => {
    fc.assert(
      fc.property(bytes(400, 1), fc.nat(), (content, draw) => {
        const member = encodeMember('D', deflateRawSync(content), content, NODE_CODEC);
        const bit = draw % (member.length * 8);
        member[bit >> 3] = (member[bit >> 3] as number) ^ (1 << (bit & 7));
        let held: Buffer;
        try {
          held = inflateMember(member, 'D', content.length);
        } catch (error) {
          expect(error).toEqual(invalid);
          return;
        }
        expect(bit >> 3).toBeGreaterThanOrEqual(MEMBER_HEADER);
        expect(bit >> 3).toBeLessThan(member.length - 8);
        expect(held.equals(content)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('with another length, or with bytes behind their data, are refused', () => {
    const content = Buffer.from('content '.repeat(50));
    const deflated = deflateRawSync(content);
    const sound = encodeMember('D', deflated, content, NODE_CODEC);
    expect(() => inflateMember(sound, 'D', content.length - 1)).toThrow(invalid);
    expect(() => inflateMember(sound, 'D', content.length + 1)).toThrow(invalid);
    expect(() => inflateMember(sound.subarray(0, -1), 'D', content.length)).toThrow(invalid);
    expect(() => inflateMember(Buffer.concat([sound, Buffer.alloc(1)]), 'D', content.length)).toThrow(invalid);
    const longer = encodeMember('D', Buffer.concat([deflated, Buffer.alloc(3)]), content, NODE_CODEC);
    expect(() => inflateMember(longer, 'D', content.length)).toThrow(invalid);
    const twice = encodeMember('D', Buffer.concat([deflated, deflated]), content, NODE_CODEC);
    expect(() => inflateMember(twice, 'D', content.length)).toThrow(invalid);
  });

  test('the end of the tar is two zero blocks', () => {
    expect(gunzipSync(END_MEMBER).equals(Buffer.alloc(1024))).toBe(true);
  });

  test('what is too short to be one is none', () => {
    for (let length = 0; length < MEMBER_HEADER; length++)
      expect(memberLength(END_MEMBER.subarray(0, length), 'E')).toBeNull();
    for (let length = 0; length < 17; length++) expect(memberKind(END_MEMBER.subarray(0, length))).toBeNull();
  });
});

describe('the index in empty members', () => {
  const index = fc.oneof(
    bytes(200, 1),
    fc
      .constantFrom(PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17)
      .map((length) => Buffer.alloc(length, 'index')),
  );

  test('comes back, decompresses to nothing, and takes the room that was reckoned', () => {
    fc.assert(
      fc.property(index, (value) => {
        const members = encodeIndexPieces(value);
        const joined = Buffer.concat(members);
        expect(gunzipSync(joined)).toHaveLength(0);
        expect(joined).toHaveLength(indexStored(value.length));
        expect(Buffer.compare(decodeIndexPieces(joined), value)).toBe(0);
        for (const member of members) {
          expect(member.length).toBeLessThanOrEqual(8192);
          expect(memberKind(member)).toBe('I');
        }
        expect(Buffer.compare(members[0] as Uint8Array, emptyMember('I', value.subarray(0, PIECE)))).toBe(0);
      }),
    );
  });

  test('any part of it is found through the framing', () => {
    fc.assert(
      fc.property(index, fc.nat(), fc.nat(), (value, from, extent) => {
        const offset = from % value.length;
        const length = 1 + (extent % (value.length - offset));
        const stored = Buffer.concat(encodeIndexPieces(value));
        const { start, end, skip } = indexRange(offset, length, value.length);
        const pieces = decodeIndexPieces(stored.subarray(start, end));
        expect(Buffer.compare(pieces.subarray(skip, skip + length), value.subarray(offset, offset + length))).toBe(0);
      }),
    );
  });

  test('a bit changed in the framing is refused; in a piece it comes out changed', () => {
    fc.assert(
      fc.property(bytes(300, 1), fc.nat(), (value, draw) => {
        const stored = Buffer.concat(encodeIndexPieces(value));
        const bit = draw % (stored.length * 8);
        stored[bit >> 3] = (stored[bit >> 3] as number) ^ (1 << (bit & 7));
        const inPiece = bit >> 3 >= 17 && bit >> 3 < 17 + value.length;
        if (inPiece) expect(Buffer.compare(decodeIndexPieces(stored), value)).not.toBe(0);
        else expect(() => decodeIndexPieces(stored)).toThrow(invalid);
      }),
      { numRuns: 1000 },
    );
  });

  test('a seal is no piece of it', () => {
    expect(() => decodeIndexPieces(encodeEmptyMember('S', Buffer.alloc(97)))).toThrow(invalid);
  });
});
