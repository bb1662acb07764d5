import { BackupError } from '../errors.ts';
import type { Codec } from './codec.ts';
import { BLOCK } from './entry.ts';

/** What a member holds: the manifest, entries, the end of the tar, a piece of the index, the seal. */
export type MemberKind = 'M' | 'D' | 'E' | 'I' | 'S';

// Deflate, FLG.FEXTRA, no time, no extra flags, unknown system (RFC 1952, 2.3).
export const FIXED_HEADER = Buffer.from([0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff]);
const KINDS: readonly MemberKind[] = ['M', 'D', 'E', 'I', 'S'];
const SUBFIELD_ID = Buffer.from('OX', 'latin1');
const EMPTY_DEFLATE = Buffer.from([0x03, 0x00]);
const TRAILER = 8;

/** Offset of the kind, where the payload of the extra field begins. */
const KIND_OFFSET = 16;
/** Bytes before the deflate data of a member that carries its length (`M`, `D`, `E`). */
export const MEMBER_HEADER = KIND_OFFSET + 1 + 4;
/** Bytes of such a member besides its deflate data. */
export const MEMBER_OVERHEAD = MEMBER_HEADER + TRAILER;

/** Bytes of the index in each `I` member but the last. busybox gunzip refuses much longer extra fields. */
export const PIECE = 8000;
const EMPTY_OVERHEAD = KIND_OFFSET + 1 + EMPTY_DEFLATE.length + TRAILER;

function writeHeader(target: Buffer, kind: MemberKind, payloadLength: number): void {
  FIXED_HEADER.copy(target);
  target.writeUInt16LE(4 + 1 + payloadLength, 10);
  SUBFIELD_ID.copy(target, 12);
  target.writeUInt16LE(1 + payloadLength, 14);
  target[KIND_OFFSET] = kind.charCodeAt(0);
}

/** Frames raw deflate data as a member that carries its own length. `content` is what the data inflates to. */
export function encodeMember(kind: 'M' | 'D' | 'E', deflated: Uint8Array, content: Uint8Array, codec: Codec): Buffer {
  return frameMember(kind, deflated, codec.crc32(content), content.length);
}

function frameMember(kind: 'M' | 'D' | 'E', deflated: Uint8Array, crc: number, length: number): Buffer {
  const member = Buffer.allocUnsafe(MEMBER_OVERHEAD + deflated.length);
  writeHeader(member, kind, 4);
  member.writeUInt32LE(member.length, KIND_OFFSET + 1);
  member.set(deflated, MEMBER_HEADER);
  member.writeUInt32LE(crc, member.length - 8);
  member.writeUInt32LE(length, member.length - 4);
  return member;
}

/** Most bytes that one stored deflate block holds. */
const STORED_BLOCK = 0xffff;

/** A member whose length does not depend on a compressor: stored deflate blocks. */
export function encodeStoredMember(kind: 'M' | 'E', content: Uint8Array, codec: Codec): Buffer {
  return encodeMember(kind, storedBlocks(content), content, codec);
}

function storedBlocks(content: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(content.length / STORED_BLOCK));
  const deflated = Buffer.allocUnsafe(5 * blocks + content.length);
  for (let i = 0; i < blocks; i++) {
    const part = content.subarray(i * STORED_BLOCK, (i + 1) * STORED_BLOCK);
    const at = i * (5 + STORED_BLOCK);
    deflated[at] = i === blocks - 1 ? 1 : 0;
    deflated.writeUInt16LE(part.length, at + 1);
    deflated.writeUInt16LE(~part.length & 0xffff, at + 3);
    deflated.set(part, at + 5);
  }
  return deflated;
}

/** A member that decompresses to nothing and carries `payload` in its extra field. */
export function encodeEmptyMember(kind: 'I' | 'S', payload: Uint8Array): Buffer {
  const member = Buffer.alloc(EMPTY_OVERHEAD + payload.length);
  writeHeader(member, kind, payload.length);
  member.set(payload, KIND_OFFSET + 1);
  EMPTY_DEFLATE.copy(member, KIND_OFFSET + 1 + payload.length);
  return member;
}

/** The member that ends the tar: its two zero blocks. */
export const END_MEMBER = frameMember('E', storedBlocks(new Uint8Array(2 * BLOCK)), 0xefb5af2e, 2 * BLOCK);

function invalid(message: string): BackupError {
  return new BackupError('GZIP_INVALID', message, { hint: DAMAGED_HINT });
}

/** What to do about a damaged snapshot; several checks end here. */
export const DAMAGED_HINT =
  'Use another copy of the snapshot; "oxios-backup restore --salvage DIR" takes out what is still sound.';

/**
 * Whether a file that begins with these bytes is a snapshot of this format, sound or damaged: a gzip member with an extra field whose
 * first subfield is ours. The flag is asked for too, for without it any compressed byte may stand there.
 */
export function claimsToBeOurs(bytes: Buffer): boolean {
  const [FLAGS, FEXTRA] = [3, 4];
  return (
    bytes.length >= 14 &&
    bytes[0] === FIXED_HEADER[0] &&
    bytes[1] === FIXED_HEADER[1] &&
    ((bytes[FLAGS] as number) & FEXTRA) !== 0 &&
    bytes.compare(SUBFIELD_ID, 0, 2, 12, 14) === 0
  );
}

/** The kind of the member that begins with these bytes, at least 17 of them; null where none of ours begins. */
export function memberKind(bytes: Buffer): MemberKind | null {
  if (bytes.length <= KIND_OFFSET || bytes.compare(FIXED_HEADER, 0, 10, 0, 10) !== 0) return null;
  if (bytes.compare(SUBFIELD_ID, 0, 2, 12, 14) !== 0) return null;
  return KINDS.find((kind) => kind.charCodeAt(0) === bytes[KIND_OFFSET]) ?? null;
}

/**
 * Reads the beginning of a member that carries its own length.
 *
 * @param bytes at least `MEMBER_HEADER` bytes
 * @returns the length of the whole member, or null when this is no such member
 */
export function memberLength(bytes: Buffer, kind: 'M' | 'D' | 'E'): number | null {
  if (bytes.length < MEMBER_HEADER) return null;
  if (bytes.compare(FIXED_HEADER, 0, 10, 0, 10) !== 0) return null;
  if (bytes.readUInt16LE(10) !== 9 || bytes.readUInt16LE(14) !== 5) return null;
  if (bytes.compare(SUBFIELD_ID, 0, 2, 12, 14) !== 0) return null;
  if (bytes[KIND_OFFSET] !== kind.charCodeAt(0)) return null;
  const length = bytes.readUInt32LE(KIND_OFFSET + 1);
  return length <= MEMBER_OVERHEAD ? null : length;
}

/** Length in the file of an index of `length` bytes, cut into pieces. */
export function indexStored(length: number): number {
  return length + Math.ceil(length / PIECE) * EMPTY_OVERHEAD;
}

/** Cuts index bytes into `I` members. All but the last call must pass a multiple of `PIECE`. */
export function encodeIndexPieces(bytes: Buffer): Buffer[] {
  const members: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) members.push(encodeEmptyMember('I', bytes.subarray(at, at + PIECE)));
  return members;
}

/**
 * Where in the index's members the bytes `offset` to `offset + length` of the index lie.
 *
 * @returns `start` and `end`, whole members relative to the first, and `skip`, the bytes to drop from the first one's piece
 */
export function indexRange(
  offset: number,
  length: number,
  indexLength: number,
): { start: number; end: number; skip: number } {
  const first = Math.floor(offset / PIECE);
  const behind = Math.min(Math.ceil((offset + length) / PIECE) * PIECE, indexLength);
  return { start: first * (PIECE + EMPTY_OVERHEAD), end: indexStored(behind), skip: offset - first * PIECE };
}

/** Joins the pieces that a run of whole `I` members carries, and refuses members of any other form. */
export function decodeIndexPieces(members: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < members.length; ) {
    const length = Math.min(PIECE, members.length - at - EMPTY_OVERHEAD);
    if (length < 1) throw invalid('the index of the snapshot is cut');
    const payload = members.subarray(at + KIND_OFFSET + 1, at + KIND_OFFSET + 1 + length);
    const member = members.subarray(at, at + EMPTY_OVERHEAD + length);
    if (!member.equals(encodeEmptyMember('I', payload)))
      throw invalid('the index of the snapshot is not framed as it must be');
    pieces.push(payload);
    at += member.length;
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}
