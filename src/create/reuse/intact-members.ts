import { hash } from 'node:crypto';
import type { RangeReader } from '../../storage/range-reader.ts';
import type { StoredMember } from './parent-units.ts';

/**
 * Reads members that lie one after the other, in one read, and verifies each against the digest that the index has of it.
 *
 * @returns the bytes of each, in order; null for one that is damaged
 */
export async function readIntact(
  reader: RangeReader,
  members: readonly StoredMember[],
): Promise<(Uint8Array | null)[]> {
  const [first] = members;
  if (first === undefined) return [];
  const length = members.reduce((sum, { stored }) => sum + stored, 0);
  const bytes = await reader.read(first.offset, length);
  return members.map(({ offset, stored, sha256 }) => {
    const at = offset - first.offset;
    const member = bytes.subarray(at, at + stored);
    return hash('sha256', member) === sha256 ? member : null;
  });
}
