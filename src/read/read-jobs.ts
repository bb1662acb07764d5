import { workerData } from 'node:worker_threads';
import { type BlockMember, blockEntries, type IndexBlock, zerosOf } from '../format/index-block.ts';
import { readAt } from '../storage/local-file-reader.ts';
import { cut, type HeldRange, toBuffer } from '../storage/read-ahead.ts';
import { releaseInflated } from '../system/node-codec.ts';
import { type Problem, problemOf } from '../validate/problem.ts';
import { type BlockValidation, findReferred, type ReferredEntry, validateBlock } from '../validate/validate-block.ts';
import { copyInto } from '../workers/recycled-buffers.ts';
import type { Answer } from '../workers/serve.ts';
import { BlockWalker } from './block-walker.ts';
import type { BlockLocation } from './index-reader.ts';
import { blockRange, type IndexLayout, parseBlock } from './index-reader.ts';
import { checkPiece, checkStored, inflateListed } from './inflate-member.ts';
import { type ReadNow, walkMembers, walkStored } from './walk-members.ts';

/** The bytes that a job needs, where it cannot read them by itself. */
export interface HeldBytes {
  held: readonly HeldRange[];
}

/** What workers do for a reader. */
export type ReadJob = ReadTask & HeldBytes;

type ReadTask =
  /** Validate the entries of a block by the index alone. */
  | { kind: 'validate'; block: BlockLocation }
  /** Validate them, and verify every byte of their members; with `quick` their digests as they are stored. */
  | { kind: 'check'; block: BlockLocation; quick: boolean }
  /** Verify and inflate one member and hand over its tar bytes, in the memory of `room` if it is enough. */
  | ({ kind: 'inflate'; offset: number; room: Uint8Array } & BlockMember)
  /** Verify the digest of one member as it is. */
  | { kind: 'digest'; offset: number; stored: number; sha256: string }
  /** Which of these paths are entries of the block, and what they are. */
  | { kind: 'find'; block: BlockLocation; paths: string[] };

export interface ReadResult {
  validate: BlockValidation;
  check: { validation: BlockValidation | null; problems: Problem[] };
  inflate: { tar: Uint8Array };
  digest: null;
  find: ReferredEntry[];
}

/** What each worker gets at its start. */
export interface ReadWorkerData {
  index: IndexLayout;
  /** Of the snapshot, where it is a local file. */
  descriptor: number | undefined;
  platform: NodeJS.Platform;
  /** Folders whose documents are counted. */
  folders: ReadonlySet<string>;
}

const { index, descriptor, platform, folders } = workerData as ReadWorkerData;

// Members are done with one after the other: one buffer serves them all.
let room = Buffer.alloc(0);

/** Bytes of the file as a job has them, until the next are asked for. */
export function readerOf({ held }: HeldBytes): ReadNow {
  return (offset, length) => {
    if (descriptor !== undefined) {
      if (room.length < length) room = Buffer.allocUnsafeSlow(length * 2);
      return readAt(descriptor, offset, length, room);
    }
    const bytes = cut(held, offset, length);
    if (bytes === null) throw new Error(`bytes ${offset} to ${offset + length} were not handed over`);
    return toBuffer(bytes);
  };
}

/** @throws BackupError when the block is not as its page says */
export function blockOf(read: ReadNow, location: BlockLocation): IndexBlock {
  const { offset, length } = blockRange(index, location);
  return parseBlock(read(offset, length), index, location);
}

/** Does a job in this thread, which was started as a worker of a `ReadPool`. */
export function doReadJob(job: ReadJob): Answer {
  const read = readerOf(job);
  switch (job.kind) {
    case 'inflate': {
      const inflated = inflateListed(read(job.offset, job.stored), job.raw, job.sha256);
      checkPiece(inflated, job.piece);
      const tar = copyInto(job.room, inflated);
      releaseInflated(inflated);
      return { result: { tar } satisfies ReadResult['inflate'], transfer: [tar.buffer as ArrayBuffer] };
    }
    case 'validate':
      return { result: validator(read, job.block) };
    case 'check':
      return { result: check(read, job.block, job.quick) };
    case 'digest':
      checkStored(read(job.offset, job.stored), job.sha256);
      return { result: null satisfies ReadResult['digest'] };
    case 'find':
      return {
        result: findReferred(blockEntries(blockOf(read, job.block)), job.paths) satisfies ReadResult['find'],
      };
  }
}

function validator(read: ReadNow, location: BlockLocation): ReadResult['validate'] {
  const block = blockOf(read, location);
  const validation = validateBlock(blockEntries(block), platform, folders);
  for (const bytes of zerosOf(block).values()) validation.holes += bytes;
  return validation;
}

function check(read: ReadNow, location: BlockLocation, quick: boolean): ReadResult['check'] {
  let validation: BlockValidation | null = null;
  try {
    const block = blockOf(read, location);
    const entries = blockEntries(block);
    validation = validateBlock(entries, platform, folders);
    const walker = new BlockWalker(entries);
    (quick ? walkStored : walkMembers)(read, location.row.offset, block, walker);
    return { validation, problems: walker.problems };
  } catch (error) {
    return { validation, problems: [problemOf(error)] };
  }
}
