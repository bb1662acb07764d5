/**
 * Bytes as words of four. To compare or to look through a few hundred bytes for each entry, they take a quarter of the steps, and less than a
 * call of what `Buffer` has for it.
 *
 * @returns null where the bytes do not begin at a word of their memory
 */
export function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array | null {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >>> 2) : null;
}

/** Whether `length` bytes of `a`, from its beginning on, are those of `b` at an offset. Both of them are multiples of four. */
export function startsAt(a: Int32Array, b: Int32Array, offset: number, length: number): boolean {
  const at = offset >>> 2;
  const words = length >>> 2;
  for (let i = 0; i < words; i++) if (a[i] !== b[at + i]) return false;
  return true;
}

/** Whether bytes are all zero. */
export function areZero(bytes: Uint8Array, words: Int32Array | null, from: number, to: number): boolean {
  let at = from;
  if (words !== null) {
    for (; at < to && (at & 3) !== 0; at++) if (bytes[at] !== 0) return false;
    for (; at + 4 <= to; at += 4) if (words[at >>> 2] !== 0) return false;
  }
  for (; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
