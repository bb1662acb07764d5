import type { Codec } from './codec.ts';
import { decodeUtf8, parseStrictText } from './strict-json.ts';

/** Most bytes that the JSON of the index header, a page or a block may inflate to. */
export const MAX_INDEX_JSON_BYTES = 64 * 1024 * 1024;
/** Most objects and arrays within each other in the JSON of the index: one more than in a manifest, which the index header holds. */
const MAX_INDEX_DEPTH = 33;

/**
 * The JSON that raw deflate data of the index inflates to, and nothing else.
 *
 * @param columns the only keys that JSON may have to be parsed the quick way, see `parsePlainColumns`; none is, without them
 * @throws when it is not that
 */
export function inflateJson(deflated: Uint8Array, codec: Codec, columns: readonly string[] = []): unknown {
  const json = codec.inflate(deflated, MAX_INDEX_JSON_BYTES, Math.min(MAX_INDEX_JSON_BYTES, deflated.length * 4));
  if (json === null) throw new SyntaxError('bytes follow the deflate data');
  const text = decodeUtf8(json);
  return (columns.length > 0 ? parsePlainColumns(text, columns) : null) ?? parseStrictText(text, MAX_INDEX_DEPTH);
}

/**
 * Columns as `JSON.stringify` writes them, which it parses several times as fast as the strict parser: text that comes out of it again
 * has no key twice and no number in another spelling. An escape might be half of a surrogate pair, and a key that is not known might hold
 * anything at any depth: such text is not taken, nor is any that is not the same again.
 *
 * @returns null for JSON that is not like that, or none
 */
function parsePlainColumns(text: string, columns: readonly string[]): unknown {
  if (text.includes('\\u')) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const isKnown = Object.keys(value).every((key) => columns.includes(key));
    return isKnown && JSON.stringify(value) === text ? value : null;
  } catch {
    return null;
  }
}
