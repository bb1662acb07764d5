import type { Codec } from './codec.ts';
import { parseStrictJson } from './strict-json.ts';

/** Most bytes that the JSON of the index header, a page or a block may inflate to. */
export const MAX_INDEX_JSON_BYTES = 64 * 1024 * 1024;
/** Most objects and arrays within each other in the JSON of the index: one more than in a manifest, which the index header holds. */
const MAX_INDEX_DEPTH = 33;

/** The JSON that raw deflate data of the index inflates to, and nothing else. @throws when it is not that */
export function inflateJson(deflated: Uint8Array, codec: Codec): unknown {
  const json = codec.inflate(deflated, MAX_INDEX_JSON_BYTES, Math.min(MAX_INDEX_JSON_BYTES, deflated.length * 4));
  if (json === null) throw new SyntaxError('bytes stand behind the deflate data');
  return parseStrictJson(json, MAX_INDEX_DEPTH);
}
