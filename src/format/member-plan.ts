import type { Codec } from './codec.ts';

/** Content of a large file that goes into one member; a file of more bytes than this is large. */
export const CHUNK = 1024 * 1024;

/**
 * From this many members on, a large file is alone in its block of the index: a reader then gives its members to all threads, instead of
 * the block to one.
 */
export const PARALLEL_MEMBERS = 8;

/** Content of a file that is alone in its block is more than this. */
export const ALONE_ABOVE = (PARALLEL_MEMBERS - 1) * CHUNK;

const MIN_MEMBER = 512 * 1024;
const MAX_MEMBER = 2 * 1024 * 1024;
// 2^32 / MIN_MEMBER: the chance that an entry begins a member is its share of MIN_MEMBER.
const CUT_FACTOR = 2 ** 32 / MIN_MEMBER;

/**
 * Whether a member ends before an entry that is no large file. Decided by the name and size of the entry, within bounds, so that a
 * change somewhere moves the cuts around it and leaves the others where they were.
 *
 * @param held tar bytes in the member so far
 * @param tarBytes tar bytes of the entry: header blocks, content, padding
 */
export function cutsBefore(path: string, tarBytes: number, held: number, codec: Codec): boolean {
  if (held === 0) return false;
  if (held + tarBytes > MAX_MEMBER) return true;
  return held >= MIN_MEMBER && codec.crc32(path) < CUT_FACTOR * tarBytes;
}

/** Most bytes that a member of entries which are not large can take; a buffer of this size holds any. */
export const MEMBER_CAPACITY = MAX_MEMBER;
