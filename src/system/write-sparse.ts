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

/** Bytes of content that `writeSparse` would leave holes for. */
export function holesIn(content: Uint8Array, position: number): number {
  let holes = content.length;
  for (let from = 0; from < content.length; ) {
    const { begin, end } = nextData(content, from, position);
    holes -= end - begin;
    from = end;
    if (begin === end) break;
  }
  return holes;
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
  let written = 0;
  for (let from = 0; from < content.length; ) {
    const { begin, end } = nextData(content, from, position);
    if (begin === end) break;
    for (let at = begin; at < end; ) at += writeSync(fd, content, at, end - at, position + at);
    written = end;
    from = end;
  }
  return position + written;
}

/** Writes all of it, in order, where the file system has no holes: such a one may take nothing else. @returns where it ends */
export function writeFilled(fd: number, content: Uint8Array, position: number): number {
  for (let at = 0; at < content.length; ) at += writeSync(fd, content, at, content.length - at, position + at);
  return position + content.length;
}

/** The next bytes from `from` on that are no hole; `begin` is `end` where there are none. */
function nextData(content: Uint8Array, from: number, position: number): { begin: number; end: number } {
  const { length } = content;
  // A part of a file that comes in small parts, or a small file.
  if (length < MIN_HOLE) return { begin: isZero(content, from) ? length : from, end: length };
  let begin = from;
  for (let at = from; at < length; ) {
    const hole = zeroRun(content, at, position);
    if (hole >= MIN_HOLE) {
      if (at > begin) return { begin, end: at };
      begin = at + hole;
    }
    at = hole > 0 ? at + hole : blockEnd(at, position);
  }
  return { begin, end: length };
}

/** Length of the zeros from `at` on, up to the end of a block of the file, or of the content. */
function zeroRun(content: Uint8Array, at: number, position: number): number {
  let end = at;
  while (end < content.length) {
    const next = Math.min(blockEnd(end, position), content.length);
    if (!isZero(content, end, next)) break;
    end = next;
  }
  return end - at;
}

/** Where the block of the file ends that a byte of the content goes into. */
function blockEnd(at: number, position: number): number {
  return at + BLOCK - ((position + at) % BLOCK);
}
