import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from '../../src/format/printable.ts';

test('what a terminal would act upon is escaped, the rest stays', () => {
  expect(printable('a\u001b[31m')).toBe('a\\u001b[31m');
  expect(printable('new\nline\tand\rmore')).toBe('new\\nline\\tand\\u000dmore');
  expect(printable('\u202egnp.exe')).toBe('\\u202egnp.exe');
  expect(printable('\u2028\u007f\u009b')).toBe('\\u2028\\u007f\\u009b');
  expect(printable('\ud800')).toBe('\\ud800');
  expect(printable('\u{e0001}')).toBe('\\u{e0001}');
  for (const text of ['Łódź', '東京 🌱', 'e\u0301', 'a\\b', "it's", 'a b']) expect(printable(text)).toBe(text);
});

test('nothing that comes out changes how a terminal shows it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
    { numRuns: 200 },
  );
});
