import { BLOCK, padded } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { Piece } from '../format/member-layout.ts';
import { CHUNK } from '../format/member-plan.ts';
import { encodeHeader } from '../format/tar-header.ts';
import type { RecycledBuffers } from '../workers/recycled-buffers.ts';

/** More than a compressor adds to a piece that it cannot make smaller: the member comes back in the memory that its tar bytes went in. */
const SPARE = 64 * 1024;

/** The tar bytes of a large file, a member at a time, each in a buffer of its own that may be moved to another thread. */
export function* largePieces(
  entry: BlockEntry,
  buffers: RecycledBuffers,
  read: (into: Buffer, offset: number, length: number) => void,
  update: (content: Buffer) => void,
): Generator<{ tar: Buffer; content: Piece | null }> {
  let left = entry.size;
  let header = entry.headerBlocks * BLOCK;
  do {
    const length = Math.min(CHUNK, left);
    left -= length;
    const padding = left === 0 ? padded(entry.size) - entry.size : 0;
    const tarBytes = header + length + padding;
    const tar = buffers.take(tarBytes, tarBytes + SPARE);
    if (header > 0) encodeHeader(entry, tar, 0);
    read(tar, header, length);
    update(tar.subarray(header, header + length));
    tar.fill(0, header + length);
    const content = entry.size > CHUNK ? { from: header, to: header + length } : null;
    header = 0;
    yield { tar, content };
  } while (left > 0);
}
