import { BLOCK, padded } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { Piece } from '../format/member-layout.ts';
import { CHUNK } from '../format/member-plan.ts';
import { encodeHeader } from '../format/tar-header.ts';
import type { RecycledBuffers } from '../workers/recycled-buffers.ts';

/** More than a compressor adds to a piece that it cannot make smaller: the member comes back in the memory that its tar bytes went in. */
const SPARE = 64 * 1024;

/** Tar bytes of one member of a large file, and where the content is in them. */
export interface LargePiece {
  tar: Buffer;
  content: Piece | null;
}

/** The tar bytes of a large file, a member at a time, each in a buffer of its own that may be moved to another thread. */
export function* largePieces(
  entry: BlockEntry,
  buffers: RecycledBuffers,
  read: (into: Buffer, offset: number, length: number) => void,
  update: (content: Buffer) => void,
): Generator<LargePiece> {
  for (let number = 0; number === 0 || number * CHUNK < entry.size; number++) {
    yield largePiece(entry, number, buffers, (into, offset, length) => {
      read(into, offset, length);
      update(into.subarray(offset, offset + length));
    });
  }
}

/**
 * The tar bytes of one member of a large file.
 *
 * @param number of the member, from 0 on
 * @param read fills in the content, which begins `number` chunks after the beginning of the file
 */
export function largePiece(
  entry: BlockEntry,
  number: number,
  buffers: RecycledBuffers,
  read: (into: Buffer, offset: number, length: number) => void,
): LargePiece {
  const header = number === 0 ? entry.headerBlocks * BLOCK : 0;
  const length = Math.min(CHUNK, entry.size - number * CHUNK);
  const isLast = number * CHUNK + length === entry.size;
  const tarBytes = header + length + (isLast ? padded(entry.size) - entry.size : 0);
  const tar = buffers.take(tarBytes, tarBytes + SPARE);
  if (header > 0) encodeHeader(entry, tar, 0);
  read(tar, header, length);
  tar.fill(0, header + length);
  return { tar, content: entry.size > CHUNK ? { from: header, to: header + length } : null };
}
