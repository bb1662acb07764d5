import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from './abort.ts';

/** Bytes of work between two yields to the event loop: some milliseconds. */
const BYTES_PER_YIELD = 4 * 1024 * 1024;

/** Makes long synchronous work interruptible: it yields to the event loop now and then, and throws once it is aborted. */
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
    if (this.#bytes < BYTES_PER_YIELD) return undefined;
    this.#bytes = 0;
    return this.#yield();
  }

  async #yield(): Promise<void> {
    await setImmediate();
    throwIfAborted(this.#signal);
  }
}
