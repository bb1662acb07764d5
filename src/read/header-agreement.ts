import { BLOCK } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { encodeHeader, MAX_HEADER_BLOCKS } from '../format/tar-header.ts';

const expected = Buffer.alloc(MAX_HEADER_BLOCKS * BLOCK);

/** Whether the header blocks of an entry, at `offset` of the tar bytes, are those that its row of the index makes. */
export function headerAgrees(entry: BlockEntry, tar: Buffer, offset: number): boolean {
  const length = entry.headerBlocks * BLOCK;
  // An index can name what is too long for any header; none of it must be encoded.
  if (length > expected.length || offset + length > tar.length) return false;
  encodeHeader(entry, expected, 0);
  return expected.compare(tar, offset, offset + length, 0, length) === 0;
}
