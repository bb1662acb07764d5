const encoder = new TextEncoder();

/** A number of two bytes. All numbers here are little-endian and unsigned. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

/** A number of four bytes. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}

/** A number of eight bytes. Beyond 2^53 it is the nearest that a double holds. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU32(bytes, at + 4) * 2 ** 32;
}

/** The mirror of `readU16`. */
export function writeU16(value: number, target: Uint8Array, at: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
}

/** The mirror of `readU32`. */
export function writeU32(value: number, target: Uint8Array, at: number): void {
  writeU16(value, target, at);
  writeU16(value >>> 16, target, at + 2);
}

/** The mirror of `readU64`; up to 2^53. */
export function writeU64(value: number, target: Uint8Array, at: number): void {
  writeU32(value, target, at);
  writeU32(Math.floor(value / 2 ** 32), target, at + 4);
}

/** Whether `expected` is in `bytes` at this offset. */
export function equalsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  if (at + expected.length > bytes.length) return false;
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** The parts, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** `text` in UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
