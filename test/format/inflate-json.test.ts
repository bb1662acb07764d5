import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inflateJson } from '../../src/format/inflate-json.ts';
import { parseStrictText } from '../../src/format/strict-json.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';

const deep = `${'['.repeat(40)}${']'.repeat(40)}`;

/** What comes of it: the value, or that it is refused. */
function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch {
    return 'refused';
  }
}

const inflated = (text: string, columns?: string[]) =>
  outcome(() => inflateJson(deflateRawSync(Buffer.from(text)), NODE_CODEC, columns));

describe('columns that are parsed the quick way', () => {
  test.each([
    ['as JSON.stringify writes them', '{"a":[0,1,-1,9007199254740991],"b":["x","ü\\n\\t"]}'],
    ['with blanks', '{"a": [0, 1]}\n'],
    ['in another order', '{"b":["x"],"a":[0]}'],
    ['a key twice', '{"a":[0],"a":[0]}'],
    ['a key twice, once escaped', '{"a":[0],"\\u0061":[1]}'],
    ['an escape that is not needed', '{"b":["\\u0061","\\/"]}'],
    ['half of a surrogate pair', '{"b":["\\ud800"]}'],
    ['half of a surrogate pair in a key', '{"\\udfff":[1]}'],
    ['an exponent', '{"a":[1e2]}'],
    ['minus zero', '{"a":[-0]}'],
    ['a leading zero', '{"a":[01]}'],
    ['beyond the integers', '{"a":[9007199254740993]}'],
    ['a key that is not known', '{"a":[0],"c":[0]}'],
    ['a key that is not known, too deep', `{"a":[0],"c":${deep}}`],
    ['__proto__', '{"a":[0],"__proto__":[0]}'],
    ['no object', '[0]'],
    ['cut', '{"a":[0'],
    ['bytes behind it', '{"a":[0]}0'],
  ])('%s: as by the strict parser', (_name, text) => {
    expect(inflated(text, ['a', 'b'])).toStrictEqual(outcome(() => parseStrictText(text, 33)));
  });

  test('numbers that are no plain integers are left to the check of the column', () => {
    expect(inflated('{"a":[1.5]}', ['a'])).toStrictEqual({ value: { a: [1.5] } });
  });
});
