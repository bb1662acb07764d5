import { BackupError } from '../errors.ts';
import { concat, equalsAt, readU16, readU32, writeU16, writeU32 } from './bytes.ts';
import type { Codec } from './codec.ts';
import { BLOCK } from './entry.ts';

/** What a member holds: the manifest, entries, the end of the tar, a piece of the index, the seal. */
export type MemberKind = 'M' | 'D' | 'E' | 'I' | 'S';

// Deflate, FLG.FEXTRA, no time, no extra flags, unknown system (RFC 1952, 2.3).
export const FIXED_HEADER = Uint8Array.of(0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff);
const KINDS: readonly MemberKind[] = ['M', 'D', 'E', 'I', 'S'];
const SUBFIELD_ID = Uint8Array.of(0x4f, 0x58);
const TRAILER = 8;
/** An empty final block of deflate, CRC-32 and length of nothing. */
const EMPTY_END = Uint8Array.of(0x03, 0x00, ...new Uint8Array(TRAILER));

/** Offset of the kind, where the payload of the extra field begins. */
const KIND_OFFSET = 16;
/** Bytes before the deflate data of a member that carries its length (`M`, `D`, `E`). */
export const MEMBER_HEADER = KIND_OFFSET + 1 + 4;
/** Bytes of such a member besides its deflate data. */
export const MEMBER_OVERHEAD = MEMBER_HEADER + TRAILER;

/** Bytes of the index in each `I` member but the last. busybox gunzip refuses much longer extra fields. */
export const PIECE = 8000;
const EMPTY_OVERHEAD = KIND_OFFSET + 1 + EMPTY_END.length;

function writeHeader(target: Uint8Array, kind: MemberKind, payloadLength: number): void {
  target.set(FIXED_HEADER);
  writeU16(4 + 1 + payloadLength, target, 10);
  target.set(SUBFIELD_ID, 12);
  writeU16(1 + payloadLength, target, 14);
  target[KIND_OFFSET] = kind.charCodeAt(0);
}

/** Frames raw deflate data as a member that carries its own length. `content` is what the data inflates to. */
export function encodeMember(
  kind: 'M' | 'D' | 'E',
  deflated: Uint8Array,
  content: Uint8Array,
  codec: Codec,
): Uint8Array {
  return frameMember(kind, deflated, codec.crc32(content), content.length);
}

function frameMember(kind: 'M' | 'D' | 'E', deflated: Uint8Array, crc: number, length: number): Uint8Array {
  const member = new Uint8Array(MEMBER_OVERHEAD + deflated.length);
  writeHeader(member, kind, 4);
  writeU32(member.length, member, KIND_OFFSET + 1);
  member.set(deflated, MEMBER_HEADER);
  writeU32(crc, member, member.length - 8);
  writeU32(length, member, member.length - 4);
  return member;
}

/** Most bytes that one stored deflate block holds. */
const STORED_BLOCK = 0xffff;

/** A member whose length does not depend on a compressor: stored deflate blocks. */
export function encodeStoredMember(kind: 'M' | 'E', content: Uint8Array, codec: Codec): Uint8Array {
  return encodeMember(kind, storedBlocks(content), content, codec);
}

function storedBlocks(content: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(content.length / STORED_BLOCK));
  const deflated = new Uint8Array(5 * blocks + content.length);
  for (let i = 0; i < blocks; i++) {
    const part = content.subarray(i * STORED_BLOCK, (i + 1) * STORED_BLOCK);
    const at = i * (5 + STORED_BLOCK);
    deflated[at] = i === blocks - 1 ? 1 : 0;
    writeU16(part.length, deflated, at + 1);
    writeU16(~part.length & 0xffff, deflated, at + 3);
    deflated.set(part, at + 5);
  }
  return deflated;
}

/** A member that decompresses to nothing and carries `payload` in its extra field. */
export function encodeEmptyMember(kind: 'I' | 'S', payload: Uint8Array): Uint8Array {
  const member = new Uint8Array(EMPTY_OVERHEAD + payload.length);
  writeHeader(member, kind, payload.length);
  member.set(payload, KIND_OFFSET + 1);
  member.set(EMPTY_END, KIND_OFFSET + 1 + payload.length);
  return member;
}

/** The payload of a member that `encodeEmptyMember` made of so many bytes; null when it is any other. */
export function emptyMemberPayload(member: Uint8Array, kind: 'I' | 'S', length: number): Uint8Array | null {
  if (member.length !== EMPTY_OVERHEAD + length) return null;
  const frame = new Uint8Array(KIND_OFFSET + 1);
  writeHeader(frame, kind, length);
  const end = frame.length + length;
  return equalsAt(member, 0, frame) && equalsAt(member, end, EMPTY_END) ? member.subarray(frame.length, end) : null;
}

/** The member that ends the tar: its two zero blocks. */
export const END_MEMBER = frameMember('E', storedBlocks(new Uint8Array(2 * BLOCK)), 0xefb5af2e, 2 * BLOCK);

function invalid(message: string, cause?: unknown): BackupError {
  return new BackupError('GZIP_INVALID', message, { hint: DAMAGED_HINT, cause });
}

/** What to do about a damaged snapshot; several checks end here. */
export const DAMAGED_HINT = 'Use another copy of the snapshot; `salvageSnapshot()` takes out what is still intact.';

/**
 * Whether a file that begins with these bytes is a snapshot of this format, intact or damaged: a gzip member with an extra field whose
 * first subfield is ours. The flag is asked for too, for without it any compressed byte may be there.
 */
export function claimsToBeOurs(bytes: Uint8Array): boolean {
  const [FLAGS, FEXTRA] = [3, 4];
  return (
    bytes.length >= 14 &&
    bytes[0] === FIXED_HEADER[0] &&
    bytes[1] === FIXED_HEADER[1] &&
    ((bytes[FLAGS] as number) & FEXTRA) !== 0 &&
    equalsAt(bytes, 12, SUBFIELD_ID)
  );
}

/** The kind of the member that begins with these bytes, at least 17 of them; null where none of ours begins. */
export function memberKind(bytes: Uint8Array): MemberKind | null {
  if (bytes.length <= KIND_OFFSET || !equalsAt(bytes, 0, FIXED_HEADER)) return null;
  if (!equalsAt(bytes, 12, SUBFIELD_ID)) return null;
  return KINDS.find((kind) => kind.charCodeAt(0) === bytes[KIND_OFFSET]) ?? null;
}

/**
 * Reads the beginning of a member that carries its own length.
 *
 * @param bytes at least `MEMBER_HEADER` bytes
 * @returns the length of the whole member, or null when this is no such member
 */
export function memberLength(bytes: Uint8Array, kind: 'M' | 'D' | 'E'): number | null {
  if (bytes.length < MEMBER_HEADER) return null;
  if (!equalsAt(bytes, 0, FIXED_HEADER)) return null;
  if (readU16(bytes, 10) !== 9 || readU16(bytes, 14) !== 5) return null;
  if (!equalsAt(bytes, 12, SUBFIELD_ID)) return null;
  if (bytes[KIND_OFFSET] !== kind.charCodeAt(0)) return null;
  const length = readU32(bytes, KIND_OFFSET + 1);
  return length <= MEMBER_OVERHEAD ? null : length;
}

/**
 * Inflates one member after checking all of its form: the framing, the length that it names, no byte left over, CRC-32 and ISIZE.
 *
 * @param member the whole member, as long as the index says
 * @param raw what it must inflate to, in bytes
 * @throws BackupError `GZIP_INVALID`
 */
export function decodeMember(member: Uint8Array, kind: 'M' | 'D' | 'E', raw: number, codec: Codec): Uint8Array {
  if (memberLength(member, kind) !== member.length) throw invalidMember('is not framed as it must be');
  const deflated = member.subarray(MEMBER_HEADER, member.length - TRAILER);
  let tar: Uint8Array | null;
  try {
    tar = codec.inflate(deflated, raw, raw);
  } catch (cause) {
    throw invalidMember('does not inflate', cause);
  }
  if (tar === null) throw invalidMember('has bytes after its data');
  if (tar.length !== raw) throw invalidMember(`inflates to ${tar.length} bytes instead of ${raw}`);
  if (readU32(member, member.length - 8) !== codec.crc32(tar)) throw invalidMember('fails its CRC-32');
  if (readU32(member, member.length - 4) !== raw) throw invalidMember('names a wrong length');
  return tar;
}

function invalidMember(what: string, cause?: unknown): BackupError {
  return invalid(`a member of the snapshot ${what}`, cause);
}

/** Length in the file of an index of `length` bytes, cut into pieces. */
export function indexStored(length: number): number {
  return length + Math.ceil(length / PIECE) * EMPTY_OVERHEAD;
}

/** Cuts index bytes into `I` members. All but the last call must pass a multiple of `PIECE`. */
export function encodeIndexPieces(bytes: Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = [];
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
  const pieceEnd = Math.min(Math.ceil((offset + length) / PIECE) * PIECE, indexLength);
  return { start: first * (PIECE + EMPTY_OVERHEAD), end: indexStored(pieceEnd), skip: offset - first * PIECE };
}

/** Joins the pieces that a run of whole `I` members carries, and refuses members of any other form. */
export function decodeIndexPieces(members: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < members.length; ) {
    const length = Math.min(PIECE, members.length - at - EMPTY_OVERHEAD);
    if (length < 1) throw invalid('the index of the snapshot is cut');
    const payload = emptyMemberPayload(members.subarray(at, at + EMPTY_OVERHEAD + length), 'I', length);
    if (payload === null) throw invalid('the index of the snapshot is not framed as it must be');
    pieces.push(payload);
    at += EMPTY_OVERHEAD + length;
  }
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : concat(pieces);
}
