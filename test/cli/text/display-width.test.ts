import fc from 'fast-check';
import { expect, it } from 'vitest';
import { displayWidth, shortenMiddle } from '../../../src/cli/text/display-width.ts';

it.each([
  ['', 0],
  ['plain', 5],
  ['Łódź', 4],
  ['日程', 4],
  ['ｆｕｌｌ', 8],
  ['한국어', 6],
  ['e\u0301', 1],
  ['\u0301', 0],
  ['🌱', 2],
  ['👍🏽', 2],
  ['🇩🇪', 2],
  ['❤\uFE0F', 2],
  ['a日b', 4],
])('%j takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

it.each([
  ['short.txt', 20, 'short.txt'],
  ['oxios-backup-20261122T101530Z-k3fa.tar.gz', 24, 'oxios-backup…k3fa.tar.gz'],
  ['日本語の長い名前.md', 10, '日本語….md'],
  ['e\u0301e\u0301e\u0301e\u0301', 3, 'e\u0301…e\u0301'],
  ['abc', 1, '…'],
])('%j in %i columns is %j', (text, width, short) => {
  expect(shortenMiddle(text, width)).toBe(short);
});

it('what is shortened has room', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
      expect(displayWidth(shortenMiddle(text, width))).toBeLessThanOrEqual(width);
    }),
  );
});
