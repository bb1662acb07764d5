import { closeQuietly } from '../../system/close-quietly.ts';
import { openRegular, readExactly } from '../open-regular.ts';

// https://git-scm.com/docs/pack-format: "pack-*.idx files have the following format"
const MAGIC = 0xff744f63;
const FANOUT_ENTRIES = 256;

/**
 * Those objects that one pack holds.
 *
 * @param absolute path of its index
 * @throws what the system says; RangeError for one that is damaged
 */
export function objectsInPack(absolute: string, wanted: Iterable<string>): string[] {
  const index = new PackIndex(absolute);
  try {
    return [...wanted].filter((digits) => index.has(digits));
  } finally {
    index.close();
  }
}

/** The names in one pack index, of version 1 or 2, looked up on disk. */
export class PackIndex {
  readonly #fd: number;
  /** For each first byte, how many names have that or a lower one. */
  readonly #fanout: Buffer;
  readonly #namesAt: number;
  /** Distance of two names; null where it is their length. */
  readonly #stride: number | null;
  /** What comes before a name in its row. */
  readonly #lead: number;

  /** Throws what the system says. */
  constructor(absolute: string) {
    this.#fd = openRegular(absolute);
    try {
      const head = this.#read(0, 8);
      const isSecond = head.readUInt32BE(0) === MAGIC;
      const fanoutAt = isSecond ? 8 : 0;
      this.#fanout = this.#read(fanoutAt, FANOUT_ENTRIES * 4);
      this.#namesAt = fanoutAt + FANOUT_ENTRIES * 4;
      this.#stride = isSecond ? null : 24;
      this.#lead = isSecond ? 0 : 4;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param digits name of an object, in hexadecimal */
  has(digits: string): boolean {
    const name = Buffer.from(digits, 'hex');
    const first = name[0] ?? 0;
    let low = first === 0 ? 0 : this.#fanout.readUInt32BE((first - 1) * 4);
    let high = this.#fanout.readUInt32BE(first * 4);
    const stride = this.#stride ?? name.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const order = name.compare(this.#read(this.#namesAt + middle * stride + this.#lead, name.length));
      if (order === 0) return true;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    return false;
  }

  close(): void {
    closeQuietly(this.#fd);
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readExactly(this.#fd, bytes, 0, length, position);
    return bytes;
  }
}
