import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { BackupError } from '../errors.ts';
import { fromSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import type { SnapshotSink } from './storage.ts';

/** A snapshot that goes into a stream, as fast as its reader takes it. */
export class StreamSink implements SnapshotSink {
  readonly output = null;
  readonly #stream: Writable;
  readonly #signal: AbortSignal | undefined;
  #position = 0;
  #failure: Error | null = null;

  /** @param signal ends the waiting for a reader that takes nothing */
  constructor(stream: Writable, signal?: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    stream.on('error', this.#onError);
  }

  readonly #onError = (error: Error): void => {
    this.#failure = error;
  };

  get position(): number {
    return this.#position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertWhole();
    this.#position += bytes.length;
    // A stream keeps what it is given until it is through with it, and does not say when.
    if (this.#stream.write(Buffer.from(bytes))) return;
    // 'drain' never comes from a stream that has failed or was closed.
    const waiting = new AbortController();
    const signal = this.#signal === undefined ? waiting.signal : AbortSignal.any([waiting.signal, this.#signal]);
    await Promise.race([once(this.#stream, 'drain', { signal }), once(this.#stream, 'close', { signal })]).catch(
      () => {},
    );
    waiting.abort();
    throwIfAborted(this.#signal);
    this.#assertWhole();
  }

  async commit(): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
    this.#assertWhole();
  }

  /** What went into a pipe cannot be rolled back; without its seal it is no snapshot. The stream is the caller's again. */
  async discard(): Promise<void> {
    const stream = this.#stream;
    const leave = () => {
      stream.off('close', leave).off('error', this.#onError);
    };
    // What it was given and has not passed on may still fail, and that failure was ours.
    if (stream.closed || (stream.writableLength === 0 && !stream.destroyed)) {
      leave();
      return;
    }
    stream.once('close', leave);
    if (stream.destroyed || stream.writableEnded) return;
    stream.write('', (error) => {
      // The event comes after this.
      if (!error) leave();
    });
  }

  #assertWhole(): void {
    if (this.#failure === null && !this.#stream.destroyed) return;
    if (this.#failure === null || (this.#failure as NodeJS.ErrnoException).code === 'EPIPE') {
      throw new BackupError('OUTPUT_UNWRITABLE', 'the reader of the pipe went away before the snapshot was complete', {
        hint: 'Check the command that reads the pipe; what it has is no snapshot.',
        cause: this.#failure,
      });
    }
    throw fromSystemError(this.#failure, 'write the snapshot');
  }
}
