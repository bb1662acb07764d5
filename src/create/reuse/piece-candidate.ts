import fs from 'node:fs';
import type { CaptureItem } from '../../capture/capture-item.ts';
import { BackupError } from '../../errors.ts';
import type { BlockEntry } from '../../format/index-block.ts';
import { CHUNK } from '../../format/member-plan.ts';
import type { RecycledBuffers } from '../../workers/recycled-buffers.ts';
import { largePiece } from '../large-pieces.ts';
import type { PackPool } from '../pack-pool.ts';
import type { PackedMember, SnapshotBody } from '../snapshot-body.ts';
import type { CopyCandidate } from './in-store-copies.ts';
import type { ParentReuse } from './parent-reuse.ts';
import type { StoredMember } from './parent-units.ts';

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** A piece of a large file that is the parent's. */
export interface KnownPiece {
  item: FileItem;
  entry: BlockEntry;
  /** From 0 on. */
  number: number;
  member: StoredMember;
  /** Whether inode and time alone show it. */
  isUnread: boolean;
}

interface Surroundings {
  pool: PackPool;
  body: SnapshotBody;
  reuse: ParentReuse;
  buffers: RecycledBuffers;
}

/** A piece of a large file as a member that the storage may copy. */
export function pieceCandidate({ pool, body, reuse, buffers }: Surroundings, piece: KnownPiece): CopyCandidate {
  const { number, member, isUnread } = piece;
  return {
    member,
    items: 1,
    isWanted: () => true,
    remake: async () => {
      const packed = (await packAgain(pool, buffers, piece)) ?? (await readFromParent(reuse, piece));
      return { bytes: packed.member, sha256: packed.sha256, put: () => body.append(packed) };
    },
    enter: async (isRemade) => {
      if (!isRemade) reuse.count(member, isUnread && number === 0 ? 1 : 0);
      body.addCopied(member);
    },
  };
}

/** @returns null where the file has other bytes there by now, or cannot be read any more */
async function packAgain(
  pool: PackPool,
  buffers: RecycledBuffers,
  { item, entry, number, member: { raw, pieceSha256 } }: KnownPiece,
): Promise<PackedMember | null> {
  const { tar, content } = largePiece(entry, number, buffers, (into, offset, length) => {
    // What it holds is compared below, so it may be any file.
    if (!readAt(item, into, offset, length, number * CHUNK)) into.fill(0, offset, offset + length);
  });
  const packed = await pool.run({ kind: 'piece', tar, content, known: null }, [tar.buffer as ArrayBuffer]);
  return packed.member === null || packed.pieceSha256 !== pieceSha256 ? null : { ...packed, raw };
}

async function readFromParent(reuse: ParentReuse, { item, member }: KnownPiece): Promise<PackedMember> {
  const [bytes = null] = await reuse.read([member], () => [item.path]);
  const { raw, sha256, pieceSha256 } = member;
  if (bytes !== null) return { member: bytes, raw, sha256, pieceSha256 };
  // Other pieces of it may be in the snapshot already.
  throw new BackupError('IO', `${item.path} changed while it was copied from ${reuse.source.name}, which lacks it`, {
    path: item.path,
    hint: 'No snapshot was made. Run it again, with `parent: null` if that does not help.',
  });
}

/** @returns false if the file does not give all of these bytes */
function readAt({ source }: FileItem, into: Buffer, offset: number, length: number, position: number): boolean {
  if (source.kind === 'bytes') {
    into.set(source.bytes.subarray(position, position + length), offset);
    return position + length <= source.bytes.length;
  }
  let descriptor: number;
  try {
    // NONBLOCK: it may be a FIFO by now.
    descriptor = fs.openSync(source.absolute, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    for (let done = 0; done < length; ) {
      const read = fs.readSync(descriptor, into, offset + done, length - done, position + done);
      if (read === 0) return false;
      done += read;
    }
    return true;
  } catch {
    return false;
  } finally {
    fs.closeSync(descriptor);
  }
}
