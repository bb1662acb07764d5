import type { RecycledBuffers } from '../workers/recycled-buffers.ts';
import type { LargePiece } from './large-pieces.ts';
import type { PackPool } from './pack-pool.ts';
import type { CopyCandidate } from './reuse/in-store-copies.ts';
import type { ParentReuse } from './reuse/parent-reuse.ts';
import type { StoredMember } from './reuse/parent-units.ts';
import { type KnownPiece, pieceCandidate } from './reuse/piece-candidate.ts';
import type { PackedMember, SnapshotBody } from './snapshot-body.ts';

/** What became of a piece. */
export interface PackedPiece {
  member: PackedMember | CopyCandidate;
  /** What of the parent was read for it. */
  copied: StoredMember | null;
  /** Can be used again when the member is written. */
  memory: Uint8Array;
}

export interface PiecePackerOptions {
  pool: PackPool;
  body: SnapshotBody;
  /** Offers what of an earlier snapshot can be copied; null if there is none. */
  reuse: ParentReuse | null;
}

/** Has pieces of large files hashed, and compressed unless the parent has them. */
export class PiecePacker {
  readonly #options: PiecePackerOptions;
  readonly #buffers: RecycledBuffers;

  constructor(options: PiecePackerOptions, buffers: RecycledBuffers) {
    this.#options = options;
    this.#buffers = buffers;
  }

  /** @param known member of the parent that may hold it */
  async pack(
    piece: Pick<KnownPiece, 'item' | 'entry' | 'number'>,
    { tar, content }: { tar: Uint8Array; content: LargePiece['content'] },
    known: StoredMember | undefined,
  ): Promise<PackedPiece> {
    const { pool, body, reuse } = this.#options;
    const raw = tar.length;
    const expected = known !== undefined && known.raw === raw && known.pieceSha256 !== '' ? known : null;
    const job = { kind: 'piece', content, known: expected?.pieceSha256 ?? null } as const;
    const packed = await pool.run({ ...job, tar }, [tar.buffer as ArrayBuffer]);
    if (packed.member !== null) return { member: { ...packed, raw }, copied: null, memory: packed.member };
    const member = expected as StoredMember;
    if (body.canCopy)
      return { member: this.candidate({ ...piece, member, isUnread: false }), copied: null, memory: packed.tar };
    const read = body.isBesideParent ? [] : await reuse?.read([member], () => [piece.item.path]);
    const [bytes = null] = read ?? [];
    if (bytes === null) return this.pack(piece, { tar: packed.tar, content }, undefined);
    const { sha256, pieceSha256 } = member;
    return { member: { member: bytes, raw, sha256, pieceSha256 }, copied: member, memory: packed.tar };
  }

  /** A piece that the storage may copy from the parent. */
  candidate(piece: KnownPiece): CopyCandidate {
    const { pool, body, reuse } = this.#options;
    return pieceCandidate({ pool, body, reuse: reuse as ParentReuse, buffers: this.#buffers }, piece);
  }
}
