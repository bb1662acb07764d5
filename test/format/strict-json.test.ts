import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OtherNumber, parseStrictJson, sameJson, withPlainNumbers } from '../../src/format/strict-json.ts';

const parse = (text: string, depth = 32) => parseStrictJson(Buffer.from(text), depth);

test('what JSON.stringify writes comes back', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' }),
      fc.constantFrom(undefined, 1, '\t'),
      (value, space) => {
        const text = JSON.stringify(value, null, space);
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
        expect(withPlainNumbers(parse(text))).toEqual(JSON.parse(text));
        expect(sameJson(parse(text), parse(JSON.stringify(value)))).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});

test('no text that JSON.parse refuses is taken', () => {
  const unit = fc.constantFrom(...'{}[]":,\\/ \n0123456789-+.eEtruefalsn\u0001', '"a"', '[1', '{"a":', 'null');
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
      const text = units.join('');
      let value: unknown;
      try {
        value = parse(text);
      } catch {
        return;
      }
      expect(withPlainNumbers(value)).toEqual(JSON.parse(text));
    }),
    { numRuns: 20_000 },
  );
});

describe('refused', () => {
  test.each([
    ['a byte order mark', '\ufeff{}'],
    ['a key twice', '{"a":1,"a":1}'],
    ['a key twice, once escaped', '{"a":1,"\\u0061":1}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['half of a surrogate pair', '"\\ud800"'],
    ['a control character in a string', '"\u0001"'],
    ['nothing', ''],
    ['two values', '1 2'],
    ['a comma too many', '[1,]'],
    ['leading zeros', '[01]'],
    ['a sign alone', '[-]'],
    ['a string without an end', '"abc'],
    ['an escape without an end', '"abc\\'],
    ['Infinity', 'Infinity'],
  ])('%s', (_, text) => expect(() => parse(text)).toThrow());

  test('more levels than are allowed, and no fewer', () => {
    expect(parse('[[[1]]]', 3)).toEqual([[[1]]]);
    expect(() => parse('[[[[1]]]]', 3)).toThrow('more than 3 deep');
    expect(() => parse('['.repeat(1_000_000))).toThrow('deep');
  });

  test('what is no UTF-8', () => expect(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22]), 1)).toThrow());
});

test('numbers are numbers where they are integers in plain digits', () => {
  expect(parse('[0,-1,9007199254740991,-9007199254740991]')).toEqual([0, -1, 2 ** 53 - 1, 1 - 2 ** 53]);
  for (const text of [
    '-0',
    '1.0',
    '1e2',
    '1E2',
    '0.5',
    '9007199254740992',
    '1e400',
    '123456789012345678901234567890',
  ]) {
    const value = parse(text) as OtherNumber;
    expect(value).toBeInstanceOf(OtherNumber);
    expect(value.text).toBe(text);
    expect(JSON.stringify({ value })).toBe(JSON.stringify({ value: JSON.parse(text) }));
  }
});

test('values are the same whatever the order of keys, and numbers beyond 2^53 by their text', () => {
  const same = (a: string, b: string) => sameJson(parse(a), parse(b));
  expect(same('{"a":[1,{"b":null}],"c":"x"}', '{"c":"x","a":[1,{"b":null}]}')).toBe(true);
  expect(same('{"a":18446744073709551615}', '{"a":18446744073709551615}')).toBe(true);
  for (const [a, b] of [
    ['{"a":18446744073709551615}', '{"a":18446744073709551614}'],
    ['1.0', '1.00'],
    ['[1]', '{"0":1}'],
    ['[1]', '[1,2]'],
    ['{"a":1}', '{"b":1}'],
    ['{"a":1}', '{"a":1,"b":1}'],
    ['null', '{}'],
    ['"1"', '1'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
    ['{"__proto__":null}', '{"x":null}'],
  ] as const)
    expect(same(a, b), `${a} ${b}`).toBe(false);
});
