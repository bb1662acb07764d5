import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { fromScratchError, fromSystemError } from '../system-errors.ts';

/**
 * Holds the blocks of an index until the members before it are written: in a file, so that memory does not grow with the
 * number of entries.
 */
export class IndexSpool {
  readonly #scratch: string;
  readonly #fd: number;
  #length = 0;

  /** @param scratch a directory of our own, deleted by its owner */
  constructor(scratch: string) {
    this.#scratch = scratch;
    try {
      this.#fd = fs.openSync(path.join(scratch, 'index'), 'wx+', 0o600);
    } catch (error) {
      throw fromScratchError(error, 'make room for the index', scratch);
    }
  }

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done, bytes.length - done);
    } catch (error) {
      throw fromScratchError(error, 'set the index aside', this.#scratch);
    }
    this.#length += bytes.length;
  }

  /** What is held, in chunks of `size` bytes; the last one is shorter. */
  *chunks(size: number): Generator<Buffer> {
    for (let at = 0; at < this.#length; at += size) yield this.read(at, Math.min(size, this.#length - at));
  }

  /** A part of what is held. */
  read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) done += this.#read(bytes, done, at + done);
    return bytes;
  }

  close(): void {
    try {
      fs.closeSync(this.#fd);
    } catch {
      // Nothing in it is needed any more.
    }
  }

  #read(chunk: Buffer, at: number, position: number): number {
    try {
      const read = fs.readSync(this.#fd, chunk, at, chunk.length - at, position);
      if (read > 0) return read;
    } catch (error) {
      throw fromSystemError(error, 'take up the index again');
    }
    throw new BackupError('IO', 'the index that was set aside became shorter meanwhile', {
      hint: 'Something else writes to the folder of the snapshot: choose another one.',
    });
  }
}
