import { writeSync } from 'node:fs';

/** What file systems allocate at least. */
const BLOCK = 4096;

/** Runs of zeros from this length on become holes. Shorter ones would cut a file into pieces for little room. */
const MIN_HOLE = 8 * BLOCK;

const zeros = Buffer.alloc(256 * BLOCK);

/** Whether bytes are all zero. Costs next to nothing where the first or the last of them is not. */
export function isZero(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  if (bytes[from] !== 0 || bytes[to - 1] !== 0) return from === to;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at < to; at += zeros.length) {
    const end = Math.min(at + zeros.length, to);
    if (buffer.compare(zeros, 0, end - at, at, end) !== 0) return false;
  }
  return true;
}

/**
 * Writes content into a new file but for its long runs of zeros, which are read from a file that was never written to there.
 *
 * @param content not empty
 * @param position of the content in the file; should the file end in zeros, `ftruncate` gives it its length
 * @returns where the last byte that was written ends, in the file; `position` if none was
 * @throws what the system says
 */
export function writeSparse(fd: number, content: Uint8Array, position: number): number {
  const { length } = content;
  if (length < MIN_HOLE) {
    writeAll(fd, content, 0, length, position);
    return position + length;
  }
  let end = position;
  // Of what is not a hole, the beginning that is still to be written.
  let pending = 0;
  // A block of the file, not of the content.
  for (let at = (BLOCK - (position % BLOCK)) % BLOCK; at < length; ) {
    const hole = zeroRun(content, at);
    if (hole >= MIN_HOLE) {
      if (at > pending) {
        writeAll(fd, content, pending, at, position);
        end = position + at;
      }
      pending = at + hole;
    }
    at += Math.max(hole, BLOCK);
  }
  if (length > pending) {
    writeAll(fd, content, pending, length, position);
    end = position + length;
  }
  return end;
}

/** Length of the whole blocks of zeros from `at` on; a last one need not be whole. */
function zeroRun(content: Uint8Array, at: number): number {
  let end = at;
  while (end < content.length && isZero(content, end, Math.min(end + BLOCK, content.length))) end += BLOCK;
  return Math.min(end, content.length) - at;
}

function writeAll(fd: number, content: Uint8Array, from: number, to: number, position: number): void {
  for (let at = from; at < to; ) at += writeSync(fd, content, at, to - at, position + at);
}
