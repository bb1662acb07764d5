import { constants, deflateRawSync } from 'node:zlib';
import { encodeMember } from '../format/gzip-member.ts';

/** Slices of a member that are tried first. */
const SAMPLES = 4;
const SAMPLE_BYTES = 4096;
/** Members shorter than this are just compressed. */
const SAMPLED_FROM = 64 * 1024;
/** Saving less than this share is not worth the time, here and at each restore. */
const STORE_ABOVE = 0.97;

/**
 * Compresses tar bytes into a `D` member. Data that does not compress is noticed from a sample and stored.
 *
 * @param level of zlib, 1 to 9
 */
export function compressMember(tar: Buffer, level: number): Buffer {
  return encodeMember(
    'D',
    deflateRawSync(tar, { ...settingsFor(tar, level), memLevel: 9, chunkSize: 256 * 1024 }),
    tar,
  );
}

function settingsFor(tar: Buffer, level: number): { level: number; strategy?: number } {
  if (tar.length < SAMPLED_FROM) return { level };
  const sample = Buffer.concat(
    Array.from({ length: SAMPLES }, (_, i) => {
      const at = Math.floor(((i + 0.5) * tar.length) / SAMPLES);
      return tar.subarray(at, at + SAMPLE_BYTES);
    }),
  );
  const share = deflateRawSync(sample, { level: 1, memLevel: 9 }).length / sample.length;
  if (share > STORE_ABOVE) return { level: constants.Z_NO_COMPRESSION };
  return { level };
}
