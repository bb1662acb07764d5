import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { FileIdentity } from '../../capture/capture-item.ts';
import { cachePath, DIGEST_BYTES, HEADER_BYTES, parseHeader, ROW_BYTES } from './stat-cache-file.ts';

/** Rows that are read at once. */
const WINDOW_ROWS = 4096;
const CHUNK_BYTES = WINDOW_ROWS * ROW_BYTES;

/**
 * What is remembered of the files of one snapshot: inode and change time at its capture, of those of which these show whether they were
 * written to since. Rows are asked for in their order; one window of them is in memory.
 */
export class StatCache {
  /** Runs since all files were read. */
  readonly runs: number;
  readonly #fd: number;
  readonly #entries: number;
  readonly #window = Buffer.alloc(CHUNK_BYTES);
  #from = 0;
  #to = 0;

  /**
   * Opens what is remembered. What is damaged, cut, foreign or of another version counts as nothing.
   *
   * @param folder from `cacheFolder`
   * @param stateDir from `stateDirKey`
   * @param rootSha256 SHA-256 of the index header of the snapshot
   * @param entries number of entries of the snapshot
   */
  static open(folder: string, stateDir: Buffer, rootSha256: Buffer, entries: number): StatCache | null {
    let fd: number;
    try {
      fd = fs.openSync(cachePath(folder, stateDir, rootSha256), 'r');
    } catch {
      return null;
    }
    let runs: number | null = null;
    try {
      runs = checkedRuns(fd, stateDir, rootSha256, entries);
    } catch {
      // What cannot be read is not remembered.
    }
    if (runs !== null) return new StatCache(fd, runs, entries);
    fs.closeSync(fd);
    return null;
  }

  private constructor(fd: number, runs: number, entries: number) {
    this.#fd = fd;
    this.runs = runs;
    this.#entries = entries;
  }

  /**
   * Whether a file has the inode and the change time that it had.
   *
   * @param entry number of the entry in the snapshot
   */
  has(entry: number, { ino, ctimeNs }: FileIdentity): boolean {
    if (entry < this.#from || entry >= this.#to) this.#read(entry);
    const at = (entry - this.#from) * ROW_BYTES;
    if (entry >= this.#to) return false;
    const known = this.#window.readBigUInt64LE(at);
    return known !== 0n && known === BigInt.asUintN(64, ino) && this.#window.readBigInt64LE(at + 8) === ctimeNs;
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #read(entry: number): void {
    this.#from = entry;
    this.#to = entry;
    if (entry >= this.#entries) return;
    try {
      const rows = Math.min(WINDOW_ROWS, this.#entries - entry);
      readExactly(this.#fd, this.#window, rows * ROW_BYTES, HEADER_BYTES + entry * ROW_BYTES);
      this.#to = entry + rows;
    } catch {
      // What cannot be read is not remembered.
    }
  }
}

/** @returns null for anything but the whole and intact cache of that snapshot */
function checkedRuns(fd: number, stateDir: Buffer, rootSha256: Buffer, entries: number): number | null {
  const { size } = fs.fstatSync(fd);
  const rowsEnd = HEADER_BYTES + entries * ROW_BYTES;
  if (size !== rowsEnd + DIGEST_BYTES) return null;
  const bytes = readExactly(fd, Buffer.alloc(HEADER_BYTES), HEADER_BYTES, 0);
  const header = parseHeader(bytes);
  if (header === null || header.entries !== entries) return null;
  if (!header.stateDir.equals(stateDir) || !header.rootSha256.equals(rootSha256)) return null;
  const digest = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = HEADER_BYTES; at < rowsEnd; at += chunk.length) {
    const length = Math.min(chunk.length, rowsEnd - at);
    digest.update(readExactly(fd, chunk, length, at).subarray(0, length));
  }
  digest.update(bytes);
  return digest.digest().equals(readExactly(fd, Buffer.alloc(DIGEST_BYTES), DIGEST_BYTES, rowsEnd))
    ? header.runs
    : null;
}

function readExactly(fd: number, into: Buffer, length: number, position: number): Buffer {
  for (let done = 0; done < length; ) {
    const read = fs.readSync(fd, into, done, length - done, position + done);
    if (read === 0) throw new Error('the cache became shorter while it was read');
    done += read;
  }
  return into;
}
