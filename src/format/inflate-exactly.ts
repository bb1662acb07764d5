import { inflateRawSync } from 'node:zlib';

// With room to spare zlib sees the end of the data in the same call.
const SPARE = 64;

// What zlib returns with `info: true`, which its types leave out.
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** The JSON object that raw deflate data inflates to, and nothing else. @throws when it is not that */
export function inflateJson(deflated: Buffer, most: number): unknown {
  const json = inflateExactly(deflated, most, Math.min(most, deflated.length * 4));
  if (json === null) throw new SyntaxError('bytes stand behind the deflate data');
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
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
