/** Gzip members of a snapshot, byte by byte from SNAPSHOT-FORMAT.md and RFC 1952. */
import { crc32, deflateRawSync } from 'node:zlib';

const HEADER = Buffer.from('1f8b08040000000000ff', 'hex');
const EMPTY_BLOCK = Buffer.from([0x03, 0x00]);

export interface MemberOverrides {
  /** The first ten bytes. */
  header?: Buffer;
  /** The two letters of the extra field. */
  tag?: string;
  /** Length of the whole member, as `M`, `D` and `E` give it. */
  length?: number;
  deflate?: Buffer;
  crc?: number;
  isize?: number;
}

/** A member that carries tar bytes: `M` and `E` in one stored block, `D` deflated. */
export function tarMember(kind: 'M' | 'D' | 'E', raw: Buffer, overrides: MemberOverrides = {}): Buffer {
  const deflate = overrides.deflate ?? (kind === 'D' ? deflateRawSync(raw) : storedBlock(raw));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(overrides.length ?? 21 + deflate.length + 8);
  return frame(kind, length, deflate, raw, overrides);
}

/** An empty member with its load in the extra field. */
export function emptyMember(kind: 'I' | 'S', payload: Buffer, overrides: MemberOverrides = {}): Buffer {
  return frame(kind, payload, overrides.deflate ?? EMPTY_BLOCK, Buffer.alloc(0), overrides);
}

function frame(kind: string, payload: Buffer, deflate: Buffer, raw: Buffer, overrides: MemberOverrides): Buffer {
  const extra = Buffer.alloc(7);
  extra.writeUInt16LE(4 + 1 + payload.length, 0);
  extra.write(overrides.tag ?? 'OX', 2, 'latin1');
  extra.writeUInt16LE(1 + payload.length, 4);
  extra.write(kind, 6, 'latin1');
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(overrides.crc ?? crc32(raw), 0);
  trailer.writeUInt32LE(overrides.isize ?? raw.length, 4);
  return Buffer.concat([overrides.header ?? HEADER, extra, payload, deflate, trailer]);
}

function storedBlock(raw: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < raw.length || at === 0; at += 0xffff) {
    const part = raw.subarray(at, at + 0xffff);
    const head = Buffer.from([at + 0xffff < raw.length ? 0 : 1, 0, 0, 0, 0]);
    head.writeUInt16LE(part.length, 1);
    head.writeUInt16LE(part.length ^ 0xffff, 3);
    blocks.push(head, part);
  }
  return Buffer.concat(blocks);
}

/** A gzip member as any tool writes it: no extra field. */
export function plainMember(raw: Buffer, overrides: MemberOverrides = {}): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(overrides.crc ?? crc32(raw), 0);
  trailer.writeUInt32LE(overrides.isize ?? raw.length % 2 ** 32, 4);
  const header = overrides.header ?? Buffer.from('1f8b0800000000000003', 'hex');
  return Buffer.concat([header, overrides.deflate ?? deflateRawSync(raw), trailer]);
}
