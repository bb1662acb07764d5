import fs from 'node:fs';
import { BackupError } from '../errors.ts';
import { closeQuietly } from '../system/close-quietly.ts';
import { fromSystemError } from '../system-errors.ts';
import type { RangeReader } from './range-reader.ts';

/** A file that is open for reading. */
export interface OpenFile {
  name: string;
  descriptor: number;
  size: number;
  version: string;
  /** Called once, after the descriptor is closed. */
  onClose?: () => void;
}

/** A local file. Threads may read its descriptor by themselves. */
export class LocalFileReader implements RangeReader {
  readonly name: string;
  readonly size: number;
  readonly version: string;
  readonly descriptor: number;
  readonly #onClose: (() => void) | undefined;

  /** Takes over the descriptor. */
  constructor({ name, descriptor, size, version, onClose }: OpenFile) {
    this.name = name;
    this.descriptor = descriptor;
    this.size = size;
    this.version = version;
    this.#onClose = onClose;
  }

  /** The bytes come from the system's cache or a disk: waiting for them in place costs less than a turn of the event loop. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    return readAt(this.descriptor, offset, length);
  }

  async close(): Promise<void> {
    closeQuietly(this.descriptor);
    this.#onClose?.();
  }
}

/** Distinguishes the bytes of a file from others under its name: its identity, length and times. */
export function versionOf({ ino, size, mtimeNs, ctimeNs }: fs.BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/**
 * Reads exactly `length` bytes at `offset` of a file, into `into` or a buffer of their own.
 *
 * @throws BackupError `SNAPSHOT_TRUNCATED`, `IO`
 */
export function readAt(descriptor: number, offset: number, length: number, into?: Buffer): Buffer {
  const bytes = into?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const read = readSome(descriptor, bytes, done, length - done, offset + done);
    if (read === 0)
      throw new BackupError('SNAPSHOT_TRUNCATED', 'the snapshot became shorter while it was read', {
        hint: 'Wait until it is complete, and run it again.',
      });
    done += read;
  }
  return bytes;
}

function readSome(descriptor: number, bytes: Buffer, at: number, length: number, offset: number): number {
  try {
    return fs.readSync(descriptor, bytes, at, length, offset);
  } catch (error) {
    throw fromSystemError(error, 'read the snapshot');
  }
}
