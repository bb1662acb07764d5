import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NODE_CODEC, releaseInflated } from '../../src/system/node-codec.ts';

function inflated(bytes: Buffer): Uint8Array {
  const back = NODE_CODEC.inflate(NODE_CODEC.deflate(bytes, 5), bytes.length, bytes.length);
  if (back === null) throw new Error('does not inflate');
  return back;
}

describe('memory of inflated bytes', () => {
  it('is given back at once, and what zlib makes afterwards is right', () => {
    const bytes = randomBytes(256 * 1024);
    const first = inflated(bytes);
    expect(Buffer.compare(first, bytes)).toBe(0);
    releaseInflated(first);
    expect(first.byteLength).toBe(0);
    for (let i = 0; i < 20; i++) expect(Buffer.compare(inflated(bytes), bytes)).toBe(0);
  });

  it('is left alone where others may share it', () => {
    const bytes = randomBytes(1000);
    const pooled = inflated(bytes);
    releaseInflated(pooled);
    expect(Buffer.compare(pooled, bytes)).toBe(0);
    const large = randomBytes(256 * 1024);
    const part = inflated(large).subarray(64 * 1024);
    releaseInflated(part);
    expect(Buffer.compare(part, large.subarray(64 * 1024))).toBe(0);
    const own = Buffer.from('in the pool of Node');
    releaseInflated(own);
    expect(own.toString()).toBe('in the pool of Node');
  });
});
