import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressMember } from '../../src/create/compress.ts';

const BYTES = 300_000;

/** Rows of text made from a number, enough for a member. */
function rows(row: (digest: string, i: number) => string): Buffer {
  let text = '';
  for (let i = 0; text.length < BYTES; i++) text += row(createHash('sha256').update(String(i)).digest('hex'), i);
  return Buffer.from(text.slice(0, BYTES));
}

const digests = rows(
  (digest) => `  { "sha256": "${digest}", "weight": 0.${Number.parseInt(digest.slice(0, 12), 16)} }\n`,
);
const WORDS = 'the state of an agent is kept in many small documents which name each other and are often alike'.split(
  ' ',
);
const text = rows((digest) => `${[...digest].map((digit) => WORDS[Number.parseInt(digit, 16)]).join(' ')}\n`);

test('small files of digests and decimals, where more effort saves next to nothing, get less of it', () => {
  const chosen = compressMember(digests, 'small-files', null);
  // Less room than with the usual effort: a near repeat is named in fewer bits.
  expect(chosen.length).toBeLessThan(compressMember(digests, 'small-files', 5).length * 0.97);
  expect(gunzipSync(chosen)).toEqual(digests);
});

test('text gets the usual effort', () => {
  expect(compressMember(text, 'small-files', null)).toEqual(compressMember(text, 'small-files', 5));
  expect(compressMember(text, 'small-files', 3)).not.toEqual(compressMember(text, 'small-files', 5));
});

test('a level that was asked for is kept, whatever it saves', () => {
  expect(compressMember(digests, 'small-files', 5)).not.toEqual(compressMember(digests, 'small-files', null));
});

test('a large file is compressed as before', () => {
  expect(compressMember(text, 'large-file', null)).toEqual(compressMember(text, 'large-file', 3));
});
