import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT, MEMBER_HEADER, memberLength } from '../format/gzip-member.ts';
import type { BlockMember } from '../format/index-block.ts';
import { inflateExactly } from '../system/node-codec.ts';

/**
 * Inflates one member that must have a digest as it stands; see `inflateMember`.
 *
 * @param sha256 in hexadecimal
 * @throws BackupError `SNAPSHOT_DAMAGED`, `GZIP_INVALID`
 */
export function inflateListed(member: Buffer, raw: number, sha256: string): Buffer {
  checkStored(member, sha256);
  return inflateMember(member, 'D', raw);
}

/**
 * A member as it stands in the file.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED` when it has not the digest of the index
 */
export function checkStored(member: Buffer, sha256: string): void {
  if (hash('sha256', member) === sha256) return;
  throw new BackupError('SNAPSHOT_DAMAGED', 'a member of the snapshot has not the SHA-256 of the index', {
    hint: DAMAGED_HINT,
  });
}

/**
 * The content of a large file in one of its members.
 *
 * @throws BackupError `CONTENT_MISMATCH` when it has not the digest of the index
 */
export function checkPiece(tar: Uint8Array, piece: BlockMember['piece']): void {
  if (piece === null || hash('sha256', tar.subarray(piece.from, piece.to)) === piece.sha256) return;
  throw new BackupError('CONTENT_MISMATCH', 'a piece of a large file has not the SHA-256 of the index', {
    hint: DAMAGED_HINT,
  });
}

/**
 * Inflates one member after checking all of its form: the framing, the length that it names, no byte left over, CRC-32 and ISIZE.
 *
 * @param member the whole member, as long as the index says
 * @param raw what it must inflate to, in bytes
 * @throws BackupError `GZIP_INVALID`
 */
export function inflateMember(member: Buffer, kind: 'M' | 'D' | 'E', raw: number): Buffer {
  if (memberLength(member, kind) !== member.length) throw invalid('is not framed as it must be');
  const deflated = member.subarray(MEMBER_HEADER, member.length - 8);
  let buffer: Buffer | null;
  try {
    buffer = inflateExactly(deflated, raw, raw);
  } catch (cause) {
    throw invalid('does not inflate', cause);
  }
  if (buffer === null) throw invalid('has bytes behind its data');
  if (buffer.length !== raw) throw invalid(`inflates to ${buffer.length} bytes instead of ${raw}`);
  if (member.readUInt32LE(member.length - 8) !== crc32(buffer)) throw invalid('fails its CRC-32');
  if (member.readUInt32LE(member.length - 4) !== raw) throw invalid('names a wrong length');
  return buffer;
}

function invalid(what: string, cause?: unknown): BackupError {
  return new BackupError('GZIP_INVALID', `a member of the snapshot ${what}`, { hint: DAMAGED_HINT, cause });
}
