import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Codec } from '../format/codec.ts';

// With room to spare zlib sees the end of the data in the same call.
const SPARE = 64;

// What zlib returns with `info: true`, which its types leave out.
interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** See `Codec.inflate`. */
function inflateExactly(deflated: Uint8Array, most: number, expected: number): Buffer | null {
  const options = { info: true, maxOutputLength: Math.max(most, 1), chunkSize: expected + SPARE };
  const { buffer, engine } = inflateRawSync(deflated, options) as unknown as Inflated;
  return engine.bytesWritten === deflated.length ? buffer : null;
}

/** The zlib of Node. */
export const NODE_CODEC: Codec = {
  inflate: inflateExactly,
  deflate: (bytes, level) => deflateRawSync(bytes, { level, memLevel: level === 9 ? 8 : 9 }),
  crc32,
  // A view of the same bytes, for `toString`.
  toHex: ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('hex'),
  fromHex: (digits) => Buffer.from(digits, 'hex'),
};
