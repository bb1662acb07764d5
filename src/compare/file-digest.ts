import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { openRegular, readExactly } from '../capture/open-regular.ts';
import { closeQuietly } from '../system/close-quietly.ts';
import { throwIfAborted } from '../workers/abort.ts';

const CHUNK_BYTES = 1024 * 1024;

/** SHA-256 of a live file, in hexadecimal. Throws what the system says. */
export async function fileDigest(absolute: string, signal: AbortSignal | undefined): Promise<string> {
  const fd = openRegular(absolute);
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let at = 0; ; at += CHUNK_BYTES) {
      const read = readExactly(fd, chunk, 0, CHUNK_BYTES, at);
      hash.update(chunk.subarray(0, read));
      if (read < CHUNK_BYTES) return hash.digest('hex');
      await setImmediate();
      throwIfAborted(signal);
    }
  } finally {
    closeQuietly(fd);
  }
}
