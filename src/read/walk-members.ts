import { blockMembers, type IndexBlock } from '../format/index-block.ts';
import type { BlockWalker } from './block-walker.ts';
import { checkPiece, inflateListed } from './inflate-member.ts';
import { formatPaths, type Problem, problemOf } from './problem.ts';
import { readAt } from './snapshot-source.ts';

// Members are done with one after the other: one buffer serves them all.
let room = Buffer.alloc(0);

/** The bytes of a member, until the next one is read. */
export function readMember(fd: number, offset: number, stored: number): Buffer {
  if (room.length < stored) room = Buffer.allocUnsafeSlow(stored * 2);
  return readAt(fd, offset, stored, room);
}

/** Leads a walker through all members of a block, in this thread. Damaged members are named and passed over. */
export function walkMembers(fd: number, offset: number, block: IndexBlock, walker: BlockWalker): void {
  let at = offset;
  for (const { stored, raw, sha256, piece } of blockMembers(block)) {
    if (walker.wants(raw)) {
      try {
        const tar = inflateListed(readMember(fd, at, stored), raw, sha256);
        checkPiece(tar, piece);
        walker.feed(tar);
      } catch (error) {
        walker.found.add(memberProblem(error, at, stored, walker.pathsAhead(raw)));
        walker.skip(raw);
      }
    } else {
      walker.skip(raw);
    }
    at += stored;
  }
}

/** A damaged member as a problem: which bytes, which entries. */
export function memberProblem(error: unknown, offset: number, length: number, paths: string[]): Problem {
  const problem = problemOf(error);
  return {
    ...problem,
    message: `${problem.message} (bytes ${offset} to ${offset + length - 1}; it holds ${formatPaths(paths)})`,
    paths,
    offset,
    length,
  };
}
