import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Codec } from '../format/codec.ts';

// With room to spare zlib sees the end of the data in the same call.
const SPARE = 64;

// What zlib returns with `info: true`, which its types lack.
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

// Smaller ones may lie in a pool that others share, and cost little.
const WORTH_RELEASING = 64 * 1024;

/** An `ArrayBuffer` of a runtime that can take the memory of one away (Node 22 and later). */
type Transferable = ArrayBufferLike & { transfer?: (length: number) => ArrayBuffer };

let closedPort: MessagePort | null = null;

/** Frees memory where there is no `transfer`: what is sent to a port that is closed is taken from the sender and dropped (HTML, 9.4.4). */
function drop(memory: ArrayBuffer): void {
  if (closedPort === null) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(null, [memory]);
}

/**
 * Gives the memory of what `inflate` returned back at once, instead of at some later garbage collection: members come faster than it
 * looks, for their memory is none of the heap's, and fresh memory has to be cleared by the system first. Nobody may use the bytes any more.
 * Does nothing where the memory is not certain to be theirs alone.
 */
export function releaseInflated({ buffer, byteOffset, byteLength }: Uint8Array): void {
  const isAlone = byteOffset === 0 && byteLength >= WORTH_RELEASING && buffer.byteLength === byteLength + SPARE;
  if (!isAlone) return;
  const memory = buffer as Transferable;
  if (memory.transfer !== undefined) memory.transfer(0);
  else drop(buffer as ArrayBuffer);
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
