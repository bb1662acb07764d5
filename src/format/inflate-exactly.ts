import { inflateRawSync } from 'node:zlib';
import { parseStrictJson } from './strict-json.ts';

// With room to spare zlib sees the end of the data in the same call.
const SPARE = 64;

/** Most bytes that the JSON of the index header, a page or a block may inflate to. */
export const MAX_INDEX_JSON_BYTES = 64 * 1024 * 1024;
/** Most objects and arrays within each other in the JSON of the index: one more than in a manifest, which the index header holds. */
const MAX_INDEX_DEPTH = 33;

// What zlib returns with `info: true`, which its types leave out.
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** The JSON that raw deflate data of the index inflates to, and nothing else. @throws when it is not that */
export function inflateJson(deflated: Buffer): unknown {
  const json = inflateExactly(deflated, MAX_INDEX_JSON_BYTES, Math.min(MAX_INDEX_JSON_BYTES, deflated.length * 4));
  if (json === null) throw new SyntaxError('bytes stand behind the deflate data');
  return parseStrictJson(json, MAX_INDEX_DEPTH);
}

/**
 * Inflates raw deflate data that must end where its bytes do.
 *
 * @param most bytes that it may inflate to
 * @param expected bytes that it will probably inflate to, to make room for
 * @returns the bytes, or null when something stands behind the data
 * @throws what zlib says of data that does not inflate, or to more than `most`
 */
export function inflateExactly(deflated: Buffer, most: number, expected: number): Buffer | null {
  const options = { info: true, maxOutputLength: Math.max(most, 1), chunkSize: expected + SPARE };
  const { buffer, engine } = inflateRawSync(deflated, options) as unknown as Inflated;
  return engine.bytesWritten === deflated.length ? buffer : null;
}
