import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { encodeMember } from '../format/gzip-member.ts';
import type { Compression } from '../format/index-root.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { isZero } from '../system/write-sparse.ts';

/** Levels when the caller names none: where a snapshot stays within a few percent of `gzip -6` in the least time. */
const SMALL_FILES_LEVEL = 5;
const LARGE_FILE_LEVEL = 3;

/** Members shorter than this are compressed without a sample. */
const SAMPLED_FROM = 64 * 1024;
/** Slices of a member that are tried first. */
const SAMPLES = 4;
const SAMPLE_BYTES = 4096;
/** Saving less than this share is not worth the time, here and at each restore. */
const STORE_ABOVE = 0.97;

/**
 * What small files get where looking for repeats far away and with more effort hardly saves anything, as with digests and decimals: there
 * a window of 4 KB takes half the time, and mostly less room, for what it finds is named in fewer bits.
 */
const NEAR_REPEATS: ZlibOptions = { level: 2, windowBits: 12 };
/** How much larger a sample may become by that. The whole member then grows less, or becomes smaller. */
const NEAR_WORTH = 1.02;

/** From this share on a second sample shows whether it is repeated text that is saved, or only the uneven use of bytes. */
const DOUBTFUL_ABOVE = 0.5;
const SECOND_SAMPLE_BYTES = 64 * 1024;
/** How much larger a sample may become without the search for repeated text, which takes most of the time. */
const REPEATS_WORTH = 1.03;

/** Members of zeros alone, by length: a sparse file of a terabyte has a million of the same, made as small as can be. */
const membersOfZeros = new Map<number, Uint8Array>();
const MOST_OF_ZEROS = 4;

/** What the index header records of it. */
export function compressionOf(level: number | null): Compression {
  const levels = { small_files: level ?? SMALL_FILES_LEVEL, large_files: level ?? LARGE_FILE_LEVEL };
  return { library: 'zlib', version: process.versions.zlib ?? 'unknown', levels };
}

/**
 * Compresses tar bytes into a `D` member. Data that does not compress (images, archives, encrypted blobs) is noticed from a sample and
 * stored; of data without repeated text (vectors of numbers) only the bytes are coded, not the repeats looked for.
 *
 * @param of what the member holds
 * @param level of zlib, 1 to 9; null chooses
 */
export function compressMember(tar: Buffer, of: 'small-files' | 'large-file', level: number | null): Uint8Array {
  const usual = of === 'small-files' ? SMALL_FILES_LEVEL : LARGE_FILE_LEVEL;
  if (!isZero(tar)) return encode(tar, settingsFor(tar, level ?? usual, level === null && of === 'small-files'));
  const known = membersOfZeros.get(tar.length) ?? encode(tar, { level: constants.Z_BEST_COMPRESSION });
  if (membersOfZeros.size < MOST_OF_ZEROS) membersOfZeros.set(tar.length, known);
  return known.slice();
}

function encode(tar: Buffer, settings: ZlibOptions): Uint8Array {
  return encodeMember('D', deflateRawSync(tar, { ...settings, memLevel: 9, chunkSize: 256 * 1024 }), tar, NODE_CODEC);
}

/** @param mayLookNear whether to look for near repeats only where `level` is not worth its time */
function settingsFor(tar: Buffer, level: number, mayLookNear: boolean): ZlibOptions {
  if (tar.length < SAMPLED_FROM) return { level };
  const slices = Array.from({ length: SAMPLES }, (_, i) => {
    const at = Math.floor(((i + 0.5) * tar.length) / SAMPLES);
    return tar.subarray(at, at + SAMPLE_BYTES);
  });
  const sampled = Buffer.concat(slices);
  const share = compressedShare(sampled, mayLookNear ? NEAR_REPEATS : { level: 1 });
  if (share > STORE_ABOVE) return { level: constants.Z_NO_COMPRESSION };
  if (share > DOUBTFUL_ABOVE) {
    const start = Math.floor((tar.length - SECOND_SAMPLE_BYTES) / 2);
    const sample = tar.subarray(start, start + SECOND_SAMPLE_BYTES);
    const runs = { level: 1, strategy: constants.Z_RLE };
    if (compressedShare(sample, runs) <= compressedShare(sample, { level: 1 }) * REPEATS_WORTH) return runs;
  }
  return mayLookNear && share <= compressedShare(sampled, { level }) * NEAR_WORTH ? NEAR_REPEATS : { level };
}

function compressedShare(sample: Buffer, settings: ZlibOptions): number {
  return deflateRawSync(sample, { ...settings, memLevel: 9 }).length / sample.length;
}
