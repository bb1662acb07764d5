import { hash } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import type { FileAttributes } from '../capture/file-state.ts';
import { monotonicMs, waitForTick } from '../capture/file-state.ts';
import { PathGuard } from '../capture/path-guard.ts';
import { type EarlierReading, isDoubtful, isRead, readEarlier, readLiveFile } from '../capture/read-file.ts';
import type { SystemReason } from '../capture/system-reason.ts';
import { BLOCK, padded } from '../format/entry.ts';
import {
  blockEntries,
  checkBlock,
  decodeBlock,
  encodeBlock,
  type IndexBlock,
  MAX_MEMBER_BYTES,
} from '../format/index-block.ts';
import type { Piece } from '../format/member-layout.ts';
import { MEMBER_CAPACITY } from '../format/member-plan.ts';
import { ANY_PLATFORM } from '../format/path-rules.ts';
import { encodeHeader, type HeaderFields, headerBlocks } from '../format/tar-header.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { type BlockValidation, findReferred, type ReferredEntry, validateBlock } from '../validate/validate-block.ts';
import { copyInto } from '../workers/recycled-buffers.ts';
import { type Answer, serve } from '../workers/serve.ts';
import { compressMember } from './compress.ts';
import { COPY_GONE } from './content-reader.ts';
import { entryTime, headerAttributes } from './entry-attributes.ts';
import { decodeBatch, type PackBatch, type PackDeviation, type PackedBatch, type PackItem } from './pack-batch.ts';
import { selfChecked } from './self-check.ts';

/** What workers do for a writer. */
export type PackJob =
  /** Read the items of one member and compress it; not if its files have these digests, one after the other. */
  | { kind: 'batch'; batch: PackBatch; known: string | null }
  /** Compress tar bytes that the main thread has read: a piece of a large file; not if its content has this digest. */
  | { kind: 'piece'; tar: Uint8Array; content: Piece | null; known: string | null }
  /** Encode a block of the index, or take one of an earlier index that is the same. */
  | { kind: 'block'; block: IndexBlock; earlier: Uint8Array | null }
  /** Which of these paths are entries of an encoded block of the index, and what they are. */
  | { kind: 'find'; bytes: Uint8Array; paths: string[] };

export interface PackResult {
  batch: PackedBatch;
  piece: PackedPiece | KnownPiece;
  block: { bytes: Uint8Array; validation: BlockValidation };
  find: ReferredEntry[];
}

/** The member is in the memory that the tar bytes came in, if that is enough. */
export interface PackedPiece {
  member: Uint8Array;
  sha256: string;
  pieceSha256: string;
}

/** The content has the digest that was known. */
export interface KnownPiece {
  member: null;
  /** The tar bytes, as they came. */
  tar: Uint8Array;
}

/** What each worker gets at its start. */
export interface PackWorkerData {
  /** Absolute path of the state directory, ending with `/`. */
  root: string;
  /** Of zlib; null chooses by what is compressed. */
  level: number | null;
}

const { root, level } = workerData as PackWorkerData;
const place = new PathGuard(root);
const COUNTED: ReadonlySet<string> = new Set(CATEGORIES);

/** What a file may have grown to: with all that was planned to come after it, the member stays one that a reader accepts. */
const MOST_BYTES = MAX_MEMBER_BYTES - MEMBER_CAPACITY - 1024 * 1024;

// Every small member fits; room for more is made when a file has grown.
let tar = Buffer.allocUnsafeSlow(MEMBER_CAPACITY + 64 * 1024);

serve('pack the snapshot', (job: PackJob): Answer => {
  switch (job.kind) {
    case 'batch': {
      const result = packBatch(job.batch, job.known);
      return { result, transfer: result.member === null ? [] : [result.member.buffer as ArrayBuffer] };
    }
    case 'piece': {
      const { tar, content, known } = job;
      const bytes = Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength);
      // Before its memory is used again for the member.
      const pieceSha256 = content === null ? '' : hash('sha256', bytes.subarray(content.from, content.to));
      if (known !== null && pieceSha256 === known)
        return { result: { member: null, tar } satisfies KnownPiece, transfer: [tar.buffer as ArrayBuffer] };
      const member = copyInto(tar, compressMember(bytes, 'large-file', level));
      return {
        result: { member, sha256: hash('sha256', member), pieceSha256 },
        transfer: [member.buffer as ArrayBuffer],
      };
    }
    case 'block':
      selfChecked(() => checkBlock(job.block));
      return {
        result: {
          bytes: encodeBlock(job.block, NODE_CODEC, job.earlier),
          validation: validateBlock(blockEntries(job.block), ANY_PLATFORM, COUNTED),
        } satisfies PackResult['block'],
      };
    case 'find': {
      const entries = blockEntries(selfChecked(() => decodeBlock(job.bytes, NODE_CODEC)));
      return { result: findReferred(entries, job.paths) satisfies PackResult['find'] };
    }
  }
});

function packBatch(batch: PackBatch, known: string | null): PackedBatch {
  const digests: string[] = [];
  const deviations: PackDeviation[] = [];
  let at = 0;
  let number = 0;
  /** Of files whose attributes are others than planned, by path: all their names are to have them. */
  const moved = new Map<string, FileAttributes>();
  const items = decodeBatch(batch, root);
  const earlier = readDoubtful(items);
  // Once for all of them: whatever is written while they are read then shows in their times.
  waitForTick(earlier.size > 0 ? monotonicMs() : batch.seenMs);
  for (const item of items) {
    at += packItem(item, number, at, digests, deviations, moved, earlier.get(number));
    number++;
  }
  const sha256s = digests.join('');
  // Other attributes make other headers.
  if (
    sha256s === known &&
    deviations.every(({ lost, attributes, replaced }) => !lost && attributes === null && replaced === null)
  )
    return { member: null, isKnown: true, raw: at, sha256: '', digests: sha256s, deviations };
  const member = at === 0 ? null : ownBuffer(compressMember(tar.subarray(0, at), 'small-files', level));
  const sha256 = member === null ? '' : hash('sha256', member);
  return { member, isKnown: false, raw: at, sha256, digests: sha256s, deviations };
}

/** Reads what is to be read twice for the first time. */
function readDoubtful(items: readonly PackItem[]): Map<number, EarlierReading> {
  const now = Date.now();
  const earlier = new Map<number, EarlierReading>();
  for (const [i, item] of items.entries()) {
    if (item.type !== 'file' || item.source.kind !== 'live' || !isDoubtful(item.source, now)) continue;
    earlier.set(i, readEarlier(item.source, MOST_BYTES));
  }
  return earlier;
}

/**
 * Writes the tar bytes of an item at `at`.
 *
 * @param moved attributes of files of this batch that are others than planned
 * @param earlier what a first reading gave, of a file that is read twice
 * @returns how many they are; 0 for a file that is lost
 */
function packItem(
  item: PackItem,
  number: number,
  at: number,
  digests: string[],
  deviations: PackDeviation[],
  moved: Map<string, FileAttributes>,
  earlier: EarlierReading | undefined,
): number {
  const fields: HeaderFields = {
    path: item.path,
    type: item.type,
    mode: item.mode,
    uid: item.uid,
    gid: item.gid,
    mtime: entryTime(item.mtimeNs).mtime,
    size: 0,
  };
  if ('link' in item) fields.link = item.link;
  let headerLength = headerBlocks(fields) * BLOCK;
  if (item.type !== 'file') {
    const attributes = item.type === 'hardlink' ? moved.get(item.link) : undefined;
    if (attributes !== undefined) {
      Object.assign(fields, headerAttributes(attributes));
      headerLength = headerBlocks(fields) * BLOCK;
      deviations.push({ item: number, status: 'ok', detail: '', lost: false, size: 0, attributes, replaced: null });
    }
    makeRoom(at, headerLength);
    encodeHeader(fields, tar, at);
    return headerLength;
  }
  const { source } = item;
  const contentAt = at + headerLength;
  const most = Math.max(0, MOST_BYTES - contentAt);
  // One byte more, to see that the file ends there.
  makeRoom(at, headerLength + padded(Math.min(item.size, most)) + 1);
  if (source.kind === 'bytes') {
    fields.size = source.bytes.length;
    tar.set(source.bytes, contentAt);
  } else if (source.kind === 'live') {
    const read = readLiveFile(source, tar, contentAt, { most, place, earlier });
    if (!isRead(read)) {
      const reason: SystemReason =
        source.absolute === root + item.path ? read : { status: 'unreadable', detail: `${COPY_GONE}: ${read.detail}` };
      deviations.push({ item: number, ...reason, lost: true, size: 0, attributes: null, replaced: null });
      return 0;
    }
    const { status, detail, size, attributes, overflow, replaced } = read;
    fields.size = size;
    if (attributes !== null) {
      Object.assign(fields, headerAttributes(attributes));
      moved.set(item.path, attributes);
    }
    if (status !== 'ok' || attributes !== null || size !== item.size) {
      deviations.push({ item: number, status, detail, lost: false, size, attributes, replaced });
    }
    makeRoom(at, headerLength + padded(size));
    if (overflow !== null) overflow.copy(tar, contentAt);
  }
  const actual = headerBlocks(fields) * BLOCK;
  if (actual !== headerLength) {
    makeRoom(at, actual + padded(fields.size));
    tar.copyWithin(at + actual, contentAt, contentAt + fields.size);
    headerLength = actual;
  }
  encodeHeader(fields, tar, at);
  const end = at + headerLength + fields.size;
  digests.push(hash('sha256', tar.subarray(at + headerLength, end)));
  const padding = padded(fields.size) - fields.size;
  tar.fill(0, end, end + padding);
  return headerLength + fields.size + padding;
}

function makeRoom(at: number, length: number): void {
  if (at + length <= tar.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(at + length, tar.length * 2));
  tar.copy(larger, 0, 0, at + Math.min(length, tar.length - at));
  tar = larger;
}

/** A buffer that shares its memory with no other, so that it can be moved to another thread. */
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength === bytes.length ? bytes : new Uint8Array(bytes);
}
