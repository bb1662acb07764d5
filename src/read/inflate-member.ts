import { hash } from 'node:crypto';
import { BackupError } from '../errors.ts';
import { DAMAGED_HINT, decodeMember } from '../format/gzip-member.ts';
import type { BlockMember } from '../format/index-block.ts';
import { toBuffer } from '../storage/read-ahead.ts';
import { NODE_CODEC } from '../system/node-codec.ts';

/**
 * Inflates one member that must have a digest as it is; see `inflateMember`.
 *
 * @param sha256 in hexadecimal
 * @throws BackupError `SNAPSHOT_DAMAGED`, `GZIP_INVALID`
 */
export function inflateListed(member: Uint8Array, raw: number, sha256: string): Buffer {
  checkStored(member, sha256);
  return inflateMember(member, 'D', raw);
}

/**
 * A member as it is in the file.
 *
 * @throws BackupError `SNAPSHOT_DAMAGED` when it has not the digest of the index
 */
export function checkStored(member: Uint8Array, sha256: string): void {
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

/** See `decodeMember`. */
export function inflateMember(member: Uint8Array, kind: 'M' | 'D' | 'E', raw: number): Buffer {
  return toBuffer(decodeMember(member, kind, raw, NODE_CODEC));
}
