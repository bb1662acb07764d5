import { type BigIntStats, fstatSync } from 'node:fs';
import { closeQuietly } from '../system/close-quietly.ts';
import { openRegular } from './open-regular.ts';

/** A file that was opened ahead of its turn: it can be read then, though it may have been deleted meanwhile. */
export class PinnedFile {
  readonly stat: BigIntStats;
  #fd: number | null;

  /** Throws what the system says. */
  constructor(absolute: string) {
    const fd = openRegular(absolute);
    try {
      this.stat = fstatSync(fd, { bigint: true });
    } catch (error) {
      closeQuietly(fd);
      throw error;
    }
    this.#fd = fd;
  }

  /** Whether it is still held. */
  get isOpen(): boolean {
    return this.#fd !== null;
  }

  /** Hands the descriptor over, once; null when it was handed over or closed. */
  take(): number | null {
    const fd = this.#fd;
    this.#fd = null;
    return fd;
  }

  /** Closes it, unless it was handed over. */
  close(): void {
    const fd = this.take();
    if (fd !== null) closeQuietly(fd);
  }
}
