import { blockMembers, type IndexBlock } from '../format/index-block.ts';
import { toBuffer } from '../storage/read-ahead.ts';
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

async function walkMembersOf(
  pool: ReadPool,
  offset: number,
  block: IndexBlock,
  walker: BlockWalker,
  signal: AbortSignal | undefined,
): Promise<void> {
  const window = new OrderedWindow(pool.window);
  const buffers = new RecycledBuffers();
  let end = offset;
  const members = blockMembers(block).map((member) => {
    const at = end;
    end += member.stored;
    return { ...member, offset: at };
  });
  const rangeOf = (member: { offset: number; stored: number }) => [{ offset: member.offset, length: member.stored }];
  for await (const { job: member, held } of pool.supply(members, rangeOf, signal)) {
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
