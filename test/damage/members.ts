import { readFileSync } from 'node:fs';

/** A gzip member of a snapshot, found by what SNAPSHOT-FORMAT.md says of its header. */
export interface Member {
  kind: string;
  offset: number;
  length: number;
}

/** All members of a sound snapshot. */
export function membersOf(snapshot: Buffer | string): Member[] {
  const bytes = typeof snapshot === 'string' ? readFileSync(snapshot) : snapshot;
  const members: Member[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const kind = String.fromCharCode(bytes[offset + 16] as number);
    const extra = bytes.readUInt16LE(offset + 10);
    const length = kind === 'I' || kind === 'S' ? 12 + extra + 2 + 8 : bytes.readUInt32LE(offset + 17);
    members.push({ kind, offset, length });
    offset += length;
  }
  return members;
}

/** The bytes with something in place of those from `from` to `to`. */
export function spliced(bytes: Buffer, from: number, to: number, replacement: Uint8Array = new Uint8Array()): Buffer {
  return Buffer.concat([bytes.subarray(0, from), replacement, bytes.subarray(to)]);
}

export function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}
