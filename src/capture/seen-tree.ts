import type { BigIntStats } from 'node:fs';
import { partitionPoint } from '../format/partition-point.ts';
import type { FileKey } from '../system/file-key.ts';
import type { FileIdentity } from './capture-item.ts';

const INODES_PER_CHUNK = 64 * 1024;
const DIRECTORIES_CHUNK_BYTES = 256 * 1024;
/** Depth, inode, modification time, length of the name; then the name. */
const RECORD_BYTES = 2 + 8 + 8 + 2;
const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** A directory as it was when it was listed. */
export interface ListedDirectory {
  /** Levels below the state directory, which has 0. */
  depth: number;
  name: string;
  /** From `SeenTree.keyOf`. */
  key: number;
  /** Modification time in nanoseconds, its lower 64 bits. */
  mtimeNs: bigint;
}

/**
 * What a scan has seen: every inode, and every directory that it listed, in their order. Kept so that what was moved about
 * behind the scan's back can be found at the end. Takes 8 bytes a file and about 30 a directory.
 */
export class SeenTree {
  /** Wall clock when the scan began, in milliseconds since 1970. */
  readonly beganMs = Date.now();
  /** Logs and journals of encrypted databases, by their paths. */
  readonly pairs: { path: string; database: string; identity: FileIdentity }[] = [];
  #device: bigint | null = null;
  readonly #inodes: Float64Array[] = [];
  #count = 0;
  #sorted: Float64Array | null = null;
  readonly #directories: Buffer[] = [];
  #used = 0;
  /** Seen, and then gone from the name they were seen under. */
  readonly #missed = new Set<number>();
  /** Captured under the name of another file, whose place they had taken. */
  readonly #instead = new Set<number>();

  /** A number for a file: on the state directory's own file system its inode. */
  keyOf({ dev, ino }: FileKey): number {
    this.#device ??= dev;
    if (dev === this.#device && ino <= MAX_EXACT) return Number(ino);
    return Number(BigInt.asUintN(53, ino ^ (ino >> 40n) ^ (dev * 0x9e3779b97f4a7c15n)));
  }

  /** Takes what the scan looked at. */
  saw(stat: FileKey): void {
    const at = this.#count++ % INODES_PER_CHUNK;
    if (at === 0) this.#inodes.push(new Float64Array(INODES_PER_CHUNK));
    (this.#inodes.at(-1) as Float64Array)[at] = this.keyOf(stat);
  }

  /**
   * Takes a log or journal of an encrypted database, which are captured one after the other.
   *
   * @param path of the log
   * @param database name of the database, in the same directory
   * @param identity the database as it was before
   */
  pair(path: string, database: string, identity: FileIdentity): void {
    this.pairs.push({ path, database: path.slice(0, path.lastIndexOf('/') + 1) + database, identity });
  }

  /** Takes a directory that is being listed, with its attributes from before. */
  listed(depth: number, name: string, stat: BigIntStats): void {
    const length = Buffer.byteLength(name);
    let chunk = this.#directories.at(-1);
    if (chunk === undefined || this.#used + RECORD_BYTES + length > chunk.length) {
      if (chunk !== undefined) this.#directories[this.#directories.length - 1] = chunk.subarray(0, this.#used);
      chunk = Buffer.allocUnsafeSlow(DIRECTORIES_CHUNK_BYTES);
      this.#directories.push(chunk);
      this.#used = 0;
    }
    let at = chunk.writeUInt16LE(depth, this.#used);
    at = chunk.writeDoubleLE(this.keyOf(stat), at);
    at = chunk.writeBigInt64LE(BigInt.asIntN(64, stat.mtimeNs), at);
    at = chunk.writeUInt16LE(length, at);
    this.#used = at + chunk.write(name, at);
  }

  /** A file that was seen could not be captured under that name: it is gone, or another took its place. */
  missed(file: FileKey): void {
    this.#missed.add(this.keyOf(file));
  }

  /** Another file than the one that was seen was captured under its name. */
  capturedInstead(file: FileKey): void {
    this.#instead.add(this.keyOf(file));
  }

  /** A file was captured under another of its names after all. */
  captured(file: FileKey): void {
    if (this.#missed.size > 0) this.#missed.delete(this.keyOf(file));
  }

  /** Whether a file is in the snapshot, under whatever name, or was excluded from it. Only when the scan is over. */
  isAccountedFor(file: FileKey): boolean {
    const key = this.keyOf(file);
    return this.#instead.has(key) || (this.#hasSeen(key) && !this.#missed.has(key));
  }

  #hasSeen(key: number): boolean {
    this.#sorted ??= this.#sortedInodes();
    const sorted = this.#sorted;
    return sorted[partitionPoint(sorted.length, (i) => (sorted[i] as number) < key)] === key;
  }

  #sortedInodes(): Float64Array {
    const all = new Float64Array(this.#count);
    for (const [i, chunk] of this.#inodes.entries()) {
      all.set(chunk.subarray(0, Math.min(chunk.length, this.#count - i * INODES_PER_CHUNK)), i * INODES_PER_CHUNK);
    }
    this.#inodes.length = 0;
    return all.sort();
  }

  /** Every directory that was listed, each after the one it lies in. */
  *directories(): Generator<ListedDirectory, void, void> {
    for (const [i, chunk] of this.#directories.entries()) {
      const end = i === this.#directories.length - 1 ? this.#used : chunk.length;
      for (let at = 0; at < end; ) {
        const length = chunk.readUInt16LE(at + RECORD_BYTES - 2);
        yield {
          depth: chunk.readUInt16LE(at),
          key: chunk.readDoubleLE(at + 2),
          mtimeNs: chunk.readBigInt64LE(at + 10),
          name: chunk.toString('utf8', at + RECORD_BYTES, at + RECORD_BYTES + length),
        };
        at += RECORD_BYTES + length;
      }
    }
  }
}
