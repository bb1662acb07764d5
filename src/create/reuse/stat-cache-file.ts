import { hash } from 'node:crypto';
import path from 'node:path';

// The layout of a stat cache: a header, a row for each entry of the snapshot in the order of its index, and a SHA-256 of rows and header.

const MAGIC = 'oxios-stat-cache';
const VERSION = 1;

/** Bytes of a row: inode and change time, or zeros for what is to be read again. */
export const ROW_BYTES = 16;
export const HEADER_BYTES = 96;
export const DIGEST_BYTES = 32;

export interface StatCacheHeader {
  /** SHA-256 of the path of the state directory, and of the index header of the snapshot: what the rows are about. */
  stateDir: Buffer;
  rootSha256: Buffer;
  entries: number;
  /** Runs since all files were read. */
  runs: number;
}

export function encodeHeader({ stateDir, rootSha256, entries, runs }: StatCacheHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(VERSION, 16);
  bytes.writeUInt32LE(runs, 20);
  bytes.writeBigUInt64LE(BigInt(entries), 24);
  rootSha256.copy(bytes, 32);
  stateDir.copy(bytes, 64);
  return bytes;
}

/** @returns null for anything else than a header of this version */
export function parseHeader(bytes: Buffer): StatCacheHeader | null {
  if (bytes.length !== HEADER_BYTES || bytes.toString('latin1', 0, 16) !== MAGIC) return null;
  if (bytes.readUInt32LE(16) !== VERSION) return null;
  return {
    runs: bytes.readUInt32LE(20),
    entries: Number(bytes.readBigUInt64LE(24)),
    rootSha256: Buffer.from(bytes.subarray(32, 64)),
    stateDir: Buffer.from(bytes.subarray(64, 96)),
  };
}

/** What a state directory is known by: SHA-256 of its real path. */
export function stateDirKey(realPath: string): Buffer {
  return hash('sha256', realPath, 'buffer') as Buffer;
}

/** Half of each digest distinguishes them; the header has them whole. */
const KEY_BYTES = 16;
const NAME = /^([0-9a-f]{32})-[0-9a-f]{32}\.stat$/;

export function cachePath(folder: string, stateDir: Buffer, rootSha256: Buffer): string {
  const [directory, snapshot] = [stateDir, rootSha256].map((key) => key.toString('hex', 0, KEY_BYTES));
  return path.join(folder, `${directory}-${snapshot}.stat`);
}

/** Of which state directory a file in the folder is; null for what is no stat cache by its name. */
export function directoryOfCache(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null;
}

/** The same of a key. */
export function directoryInName(stateDir: Buffer): string {
  return stateDir.toString('hex', 0, KEY_BYTES);
}
