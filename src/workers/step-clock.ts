import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from './abort.ts';

/** Bytes of work between two looks at the event loop: some milliseconds. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/** Lets long synchronous work be interrupted: it lets the event loop go on now and then, and ends when it was aborted. */
export class StepClock {
  readonly #signal: AbortSignal | undefined;
  #bytes = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /**
   * To be awaited after each piece of work.
   *
   * @param bytes that the piece moved
   * @throws BackupError `ABORTED`
   */
  step(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes < BYTES_PER_TURN) return undefined;
    this.#bytes = 0;
    return this.#turn();
  }

  async #turn(): Promise<void> {
    await setImmediate();
    throwIfAborted(this.#signal);
  }
}
