const encoder = new TextEncoder();

/** Length of `text` in UTF-8, in bytes. Half of a surrogate pair counts as the replacement character that is written for it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // The second unit of a pair: the two take four bytes together.
    if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) i++;
  }
  return length;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/**
 * Writes `text` in UTF-8, as many whole characters of it as fit into `room` bytes.
 *
 * @returns how many bytes were written
 */
export function writeUtf8(text: string, target: Uint8Array, offset: number, room: number): number {
  const end = Math.min(text.length, room);
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return i + encoder.encodeInto(text.slice(i), target.subarray(offset + i, offset + room)).written;
    target[offset + i] = unit;
  }
  return end;
}
