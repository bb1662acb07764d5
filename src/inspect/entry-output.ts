import type { Writable } from 'node:stream';
import { BackupError } from '../errors.ts';
import { fromSystemError } from '../system-errors.ts';

/** Content on its way to a stream, as fast as its reader takes it. The stream is not ended. */
export class EntryOutput {
  readonly #stream: Writable;
  #failure: Error | null = null;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', this.#onError);
  }

  readonly #onError = (error: Error): void => {
    this.#failure = error;
  };

  /** Resolves when the bytes were taken, so that they may be overwritten. */
  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (error?: Error | null) => {
        this.#stream.off('close', done);
        if (error) this.#failure ??= error;
        resolve();
      };
      // A stream that is closed under the writer calls nobody back.
      this.#stream.once('close', done);
      this.#stream.write(bytes, done);
    });
    if (this.#failure === null && !this.#stream.destroyed) return;
    const { code } = (this.#failure ?? {}) as NodeJS.ErrnoException;
    if (this.#failure === null || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') {
      throw new BackupError('OUTPUT_UNWRITABLE', 'whoever was reading the output went away before it was complete', {
        hint: 'Check the command that reads the pipe.',
        cause: this.#failure,
      });
    }
    throw fromSystemError(this.#failure, 'write the entry');
  }

  /** Leaves the stream to its owner. */
  release(): void {
    this.#stream.off('error', this.#onError);
  }
}
