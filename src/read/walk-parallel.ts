import { type BlockMember, blockMembers, type IndexBlock } from '../format/index-block.ts';
import { type FileRange, toBuffer } from '../storage/read-ahead.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { RecycledBuffers } from '../workers/recycled-buffers.ts';
import { OrderedWindow } from '../workers/window.ts';
import type { BlockWalker } from './block-walker.ts';
import type { ReadPool } from './read-pool.ts';
import { memberProblem } from './walk-members.ts';

/**
 * Leads a walker through all members of a block that is one large file: threads inflate them side by side, this one takes
 * them in order, for a SHA-256 is made from the first byte to the last.
 */
export function walkParallel(
  pool: ReadPool,
  offset: number,
  block: IndexBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  return pool.inTurn(() => walkMembersOf(pool, offset, block, walker, signal));
}

/** The same by the digests of the members as they stand: nothing is inflated, and the walker is told of what is damaged only. */
export async function walkStoredParallel(
  pool: ReadPool,
  offset: number,
  block: IndexBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const window = new OrderedWindow(pool.window);
  for await (const { job: member, held } of pool.supply(locate(block, offset), rangeOf, signal)) {
    throwIfAborted(signal);
    const { raw, stored, sha256 } = member;
    const checked = pool.run({ kind: 'digest', offset: member.offset, stored, sha256, held }).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    await window.add(checked, (outcome) => {
      if (outcome !== null)
        walker.found.add(memberProblem(outcome.error, member.offset, stored, walker.pathsAhead(raw)));
      walker.skip(raw);
    });
  }
  await window.drain();
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

async function walkMembersOf(
  pool: ReadPool,
  offset: number,
  block: IndexBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const window = new OrderedWindow(pool.window);
  const buffers = new RecycledBuffers();
  for await (const { job: member, held } of pool.supply(locate(block, offset), rangeOf, signal)) {
    throwIfAborted(signal);
    const { raw, stored } = member;
    const room = buffers.take(raw);
    const inflated = pool.run({ kind: 'inflate', ...member, room, held }, [room.buffer as ArrayBuffer]).then(
      ({ tar }) => ({ tar: toBuffer(tar) }),
      (error: unknown) => ({ error }),
    );
    await window.add(inflated, (outcome) => {
      if ('tar' in outcome) {
        walker.feed(outcome.tar);
        buffers.give(outcome.tar);
      } else {
        walker.found.add(memberProblem(outcome.error, member.offset, stored, walker.pathsAhead(raw)));
        walker.skip(raw);
      }
    });
  }
  await window.drain();
}
