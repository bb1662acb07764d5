import { type BlockMember, blockMembers, type IndexBlock } from '../format/index-block.ts';
import { type FileRange, type HeldRange, toBuffer } from '../storage/read-ahead.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { RecycledBuffers } from '../workers/recycled-buffers.ts';
import { OrderedWindow } from '../workers/window.ts';
import type { BlockWalker } from './block-walker.ts';
import type { ReadResult } from './read-jobs.ts';
import type { ReadPool } from './read-pool.ts';
import { memberProblem } from './walk-members.ts';

/** A block that is one large file, and where its members begin. */
export interface LargeBlock {
  offset: number;
  block: IndexBlock;
}

/**
 * Leads a walker through all members of a large block: threads inflate them side by side, this one takes them in order, for a SHA-256 is
 * made from the first byte to the last.
 */
export function walkParallel(
  pool: ReadPool,
  large: LargeBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  return pool.inTurn(() => {
    const buffers = new RecycledBuffers();
    const inflate: Start<ReadResult['inflate']> = (member, held) => {
      const room = buffers.take(member.raw);
      return pool.run({ kind: 'inflate', ...member, room, held }, [room.buffer as ArrayBuffer]);
    };
    return walkInOrder(pool, large, walker, signal, inflate, (inflated) => {
      const tar = toBuffer(inflated.tar);
      walker.feed(tar);
      buffers.give(tar);
    });
  });
}

/** The same by the digests of the members as they are stored: nothing is inflated, and the walker gets only what is damaged. */
export function walkStoredParallel(
  pool: ReadPool,
  large: LargeBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const digest: Start<unknown> = ({ offset, stored, sha256 }, held) =>
    pool.run({ kind: 'digest', offset, stored, sha256, held });
  return walkInOrder(pool, large, walker, signal, digest, (_done, { raw }) => walker.skip(raw));
}

type LocatedMember = BlockMember & { offset: number };

/** The members of a block, and where they lie. */
function locate(block: IndexBlock, offset: number): LocatedMember[] {
  let end = offset;
  return blockMembers(block).map((member) => {
    const at = end;
    end += member.stored;
    return { ...member, offset: at };
  });
}

function rangeOf({ offset, stored }: LocatedMember): FileRange[] {
  return [{ offset, length: stored }];
}

type Start<Result> = (member: LocatedMember, held: HeldRange[]) => Promise<Result>;

/** Starts a job for each member, a window of them at a time, and takes the results in order; what failed is handed to the walker. */
async function walkInOrder<Result>(
  pool: ReadPool,
  { offset, block }: LargeBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
  start: Start<Result>,
  take: (result: Result, member: LocatedMember) => void,
): Promise<void> {
  const window = new OrderedWindow(pool.window);
  for await (const { job: member, held } of pool.supply(locate(block, offset), rangeOf, signal)) {
    throwIfAborted(signal);
    const outcome = start(member, held).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    await window.add(outcome, (ended) => {
      if ('result' in ended) take(ended.result, member);
      else {
        walker.found.add(memberProblem(ended.error, member.offset, member.stored, walker.pathsAhead(member.raw)));
        walker.skip(member.raw);
      }
    });
  }
  await window.drain();
}
