import { blockMembers, type IndexBlock } from '../format/index-block.ts';
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
  let at = offset;
  for (const { stored, raw, sha256, piece } of blockMembers(block)) {
    throwIfAborted(signal);
    const memberOffset = at;
    const room = buffers.take(raw);
    const inflated = pool
      .run({ kind: 'inflate', offset: at, stored, raw, sha256, piece, room }, [room.buffer as ArrayBuffer])
      .then(
        ({ tar }) => Buffer.from(tar.buffer, tar.byteOffset, tar.byteLength),
        (error: unknown) => memberProblem(error, memberOffset, stored, walker.pathsAhead(raw)),
      );
    await window.add(inflated, (outcome) => {
      if (Buffer.isBuffer(outcome)) {
        walker.feed(outcome);
        buffers.give(outcome);
      } else {
        walker.found.add(outcome);
        walker.skip(raw);
      }
    });
    at += stored;
  }
  await window.drain();
}
