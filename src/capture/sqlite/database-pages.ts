import { fstatSync } from 'node:fs';
import type { StepClock } from '../../workers/step-clock.ts';
import { readExactly } from '../open-regular.ts';

/** Something in a database that cannot be. */
export class Defect extends Error {}

/** SQLite never stores anything in the page that holds this byte. */
const PENDING_BYTE = 0x4000_0000;
const HEADER_BYTES = 100;

/** The pages of a database file, each of which is taken once. */
export class DatabasePages {
  readonly header = Buffer.alloc(HEADER_BYTES);
  readonly pageSize: number;
  /** Bytes of a page that b-trees may use. */
  readonly usable: number;
  readonly count: number;
  /** Number of the page that stays unused, whether the file reaches up to it or not. */
  readonly pending: number;
  readonly #fd: number;
  readonly #clock: StepClock;
  readonly #taken: Uint8Array;

  /** @throws Defect when the header and the length of the file disagree; what the system says */
  constructor(fd: number, clock: StepClock) {
    this.#fd = fd;
    this.#clock = clock;
    if (readExactly(fd, this.header, 0, HEADER_BYTES, 0) < HEADER_BYTES) throw new Defect('it has no header');
    const pageSize = this.header.readUInt16BE(16);
    this.pageSize = pageSize === 1 ? 65_536 : pageSize;
    this.usable = this.pageSize - (this.header[20] ?? 0);
    const { size } = fstatSync(fd);
    this.count = size / this.pageSize;
    if (this.pageSize < 512 || this.usable < 480 || !Number.isInteger(this.count)) {
      throw new Defect('it does not consist of whole pages');
    }
    // Only writers since 3.7.0 keep the length in the header, and say so by the counter beside it.
    const isKept = this.header.readUInt32BE(24) === this.header.readUInt32BE(92);
    const kept = this.header.readUInt32BE(28);
    if (isKept && kept !== 0 && kept !== this.count) {
      throw new Defect(`it has ${this.count} pages, and ${kept} by its header`);
    }
    this.pending = PENDING_BYTE / this.pageSize + 1;
    this.#taken = new Uint8Array(this.count + 1);
  }

  /** Notes that a page belongs to something. */
  mark(page: number): void {
    if (page < 1 || page > this.count || page === this.pending) throw new Defect(`there is no page ${page}`);
    if (this.#taken[page] !== 0) throw new Defect(`page ${page} belongs to two things`);
    this.#taken[page] = 1;
  }

  /** Reads a page that nothing else may belong to. */
  async take(page: number): Promise<Buffer> {
    this.mark(page);
    const bytes = Buffer.alloc(this.pageSize);
    readExactly(this.#fd, bytes, 0, this.pageSize, (page - 1) * this.pageSize);
    await this.#clock.step(this.pageSize);
    return bytes;
  }

  /** The first page that belongs to nothing. */
  firstUnused(): number | null {
    for (let page = 1; page <= this.count; page++) {
      if (this.#taken[page] === 0 && page !== this.pending) return page;
    }
    return null;
  }
}
