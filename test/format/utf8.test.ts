import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Length, writeUtf8 } from '../../src/format/utf8.ts';

const UNTOUCHED = 0xaa;
/** Of one, two, three and four bytes. */
const CHARACTERS = ['a', 'é', '語', '\u{1f331}'] as const;
const texts = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 700 }).map((each) => each.join(''));

/** The bytes of the longest beginning of `text` that fits. */
function beginning(text: string, room: number): Buffer {
  let fits = Buffer.alloc(0);
  for (const character of text) {
    const longer = Buffer.concat([fits, Buffer.from(character)]);
    if (longer.length > room) break;
    fits = longer;
  }
  return fits;
}

function expectBeginning(text: string, room: number): void {
  const target = new Uint8Array(room + 10).fill(UNTOUCHED);
  const expected = beginning(text, room);
  expect(writeUtf8(text, target, 3, room)).toBe(expected.length);
  expect(Buffer.from(target.subarray(3, 3 + expected.length))).toEqual(expected);
  expect(target.subarray(3 + expected.length).every((byte) => byte === UNTOUCHED)).toBe(true);
}

// encodeInto of Node.js 26.10 leaves out a character that would just fit, in short targets and in some of more than 500 bytes.
test('as many whole characters are written as fit, whatever room there is', () => {
  for (const character of CHARACTERS)
    for (let room = 0; room <= 110; room++) expectBeginning(character.repeat(200), room);
  fc.assert(fc.property(texts, fc.integer({ min: 0, max: 160 }), expectBeginning), { numRuns: 300 });
  for (let length = 1; length < 400; length++) expectBeginning(`${'é'.repeat(length)}/`, 2 * length + 1);
});

test('a text is as long as its bytes are, halves of pairs counted as what is written for them', () => {
  for (const text of [...CHARACTERS, '', 'aé語\u{1f331}', '\ud83c', 'x\udf31', '\ud83c\ud83c\udf31'])
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  fc.assert(
    fc.property(texts, (text) => utf8Length(text) === Buffer.byteLength(text)),
    { numRuns: 100 },
  );
});
