const encoder = new TextEncoder();

/** Length of `text` in UTF-8, in bytes. Half of a surrogate pair counts as the replacement character that is written for it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // The second unit of a pair: the two take four bytes together.
    if (unitsAt(text, i) === 2) i++;
  }
  return length;
}

/** How many units of UTF-16 the character at `i` takes: two for a surrogate pair. */
function unitsAt(text: string, i: number): 1 | 2 {
  const unit = text.charCodeAt(i);
  return unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1)) ? 2 : 1;
}

/** How many bytes it takes in UTF-8. */
function bytesAt(text: string, i: number): number {
  const unit = text.charCodeAt(i);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return unitsAt(text, i) === 2 ? 4 : 3;
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
    if (unit >= 0x80) return i + writeRest(text, i, target.subarray(offset + i, offset + room));
    target[offset + i] = unit;
  }
  return end;
}

/** Not by `encodeInto`: that of Node.js 26.10 leaves a character out that would just fit. */
function writeRest(text: string, from: number, target: Uint8Array): number {
  let end = from;
  let bytes = 0;
  for (; end < text.length; end += unitsAt(text, end)) {
    const more = bytesAt(text, end);
    if (bytes + more > target.length) break;
    bytes += more;
  }
  target.set(encoder.encode(text.slice(from, end)));
  return bytes;
}
