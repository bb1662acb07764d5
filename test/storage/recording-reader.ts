import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readAt } from '../../src/storage/local-file-reader.ts';
import type { RangeReader } from '../../src/storage/range-reader.ts';

/** Reads a file as object storage is read: by ranges, by this thread alone, a turn of the event loop later. Records what it is asked for. */
export class RecordingReader implements RangeReader {
  readonly name = 'recorded';
  readonly version = '1';
  readonly size: number;
  readonly reads: { offset: number; length: number }[] = [];
  closed = 0;
  /** Most reads that were under way at once. */
  mostUnderWay = 0;
  #underWay = 0;
  readonly #fd: number;

  constructor(file: string) {
    this.#fd = fs.openSync(file, 'r');
    this.size = fs.fstatSync(this.#fd).size;
  }

  get bytes(): number {
    return this.reads.reduce((sum, { length }) => sum + length, 0);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push({ offset, length });
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.#underWay);
    await setImmediate();
    this.#underWay--;
    // No `Buffer`: what implements the interface need not have any.
    return new Uint8Array(readAt(this.#fd, offset, length));
  }

  async close(): Promise<void> {
    if (this.closed++ === 0) fs.closeSync(this.#fd);
  }
}
