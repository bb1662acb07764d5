import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeSeal, parseSeal, SEAL_LENGTH, type Seal } from '../../src/format/seal.ts';
import { encodeSeal as encodeElsewhere } from '../archives/snapshot.ts';

const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const seal: fc.Arbitrary<Seal> = fc.record({
  snapshotLength: offset,
  indexOffset: offset,
  indexLength: offset,
  rootLength: offset,
  rootSha256: digest,
  manifestSha256: digest,
});

test('a seal is 124 bytes, says what was sealed, and is as the document has it', () => {
  fc.assert(
    fc.property(seal, (value) => {
      const bytes = encodeSeal(value);
      expect(bytes).toHaveLength(SEAL_LENGTH);
      expect(parseSeal(bytes)).toEqual(value);
      const { snapshotLength: length, indexOffset, indexLength, rootLength, rootSha256, manifestSha256 } = value;
      const elsewhere = encodeElsewhere({
        version: 1,
        length,
        indexOffset,
        indexLength,
        rootLength,
        rootSha256: Buffer.from(rootSha256),
        manifestSha256: Buffer.from(manifestSha256),
      });
      expect(Buffer.compare(bytes, elsewhere)).toBe(0);
    }),
  );
});

test('a seal with a bit changed is no seal, of another version, or says something else', () => {
  fc.assert(
    fc.property(seal, fc.nat(SEAL_LENGTH * 8 - 1), (value, bit) => {
      const bytes = encodeSeal(value);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      let parsed: Seal | null;
      try {
        parsed = parseSeal(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'FORMAT_VERSION' });
        expect(bit >> 3).toBe(17);
        return;
      }
      if (parsed === null) expect(bit >> 3 < 17 || bit >> 3 >= 17 + 97).toBe(true);
      else {
        expect(parsed).not.toEqual(value);
        // Numbers above 2^53 lose their last bits on the way; none of them is a length.
        const numbers = [parsed.snapshotLength, parsed.indexOffset, parsed.indexLength, parsed.rootLength];
        if (numbers.every(Number.isSafeInteger)) expect(Buffer.compare(encodeSeal(parsed), bytes)).toBe(0);
      }
    }),
    { numRuns: 2000 },
  );
});

test('other lengths are no seal', () => {
  for (const length of [0, 1, 123, 125]) expect(parseSeal(Buffer.alloc(length))).toBeNull();
});
