import { hash } from 'node:crypto';
import { readAt } from '../../storage/local-file-reader.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import type { RecycledBuffers } from '../../workers/recycled-buffers.ts';
import type { StoredMember } from './parent-units.ts';

/** Room for a run of members that is copied in one go, or for any single one. */
const CAPACITY = 4 * 1024 * 1024;

/**
 * Reads members that lie one after the other, in one read, and verifies each against the digest that the index has of it.
 *
 * @param buffers what a local file is read into; the caller gives it back
 * @returns the bytes of each, in order; null for one that is damaged
 */
export async function readIntact(
  reader: RangeReader,
  members: readonly StoredMember[],
  buffers: RecycledBuffers,
): Promise<(Uint8Array | null)[]> {
  const [first] = members;
  if (first === undefined) return [];
  const length = members.reduce((sum, { stored }) => sum + stored, 0);
  const { descriptor } = reader;
  const bytes =
    descriptor === undefined
      ? await reader.read(first.offset, length)
      : readAt(descriptor, first.offset, length, buffers.take(length, Math.max(length, CAPACITY)));
  return members.map(({ offset, stored, sha256 }) => {
    const at = offset - first.offset;
    const member = bytes.subarray(at, at + stored);
    return hash('sha256', member) === sha256 ? member : null;
  });
}
