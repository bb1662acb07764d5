import { blockEntries, blockMembers, type IndexBlock } from '../format/index-block.ts';
import type { FileRange } from '../storage/read-ahead.ts';
import { releaseInflated } from '../system/node-codec.ts';
import { formatPaths, type Problem, problemOf } from '../validate/problem.ts';
import { BlockWalker } from './block-walker.ts';
import { checkPiece, checkStored, inflateListed } from './inflate-member.ts';

/** Gives bytes of the file that are at hand; those of one member need only last until the next. */
export type ReadNow = (offset: number, length: number) => Buffer;

/** Leads a walker through all members of a block, in this thread. Damaged members are named and passed over. */
export function walkMembers(read: ReadNow, offset: number, block: IndexBlock, walker: BlockWalker): void {
  let at = offset;
  for (const { stored, raw, sha256, piece } of blockMembers(block)) {
    if (walker.wants(raw)) {
      try {
        const tar = inflateListed(read(at, stored), raw, sha256);
        checkPiece(tar, piece);
        walker.feed(tar);
        releaseInflated(tar);
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

/** The same by the digests of the members as they are stored: nothing is inflated, and the walker gets only what is damaged. */
export function walkStored(read: ReadNow, offset: number, block: IndexBlock, walker: BlockWalker): void {
  let at = offset;
  for (const { stored, raw, sha256 } of blockMembers(block)) {
    try {
      checkStored(read(at, stored), sha256);
    } catch (error) {
      walker.found.add(memberProblem(error, at, stored, walker.pathsAhead(raw)));
    }
    walker.skip(raw);
    at += stored;
  }
}

/** A member of a block, where it lies in the file, and whether any entry that is wanted has a part in it. */
export interface LocatedMember {
  offset: number;
  stored: number;
  raw: number;
  wanted: boolean;
}

/**
 * The members of a block, in order.
 *
 * @param offset of the first
 * @param wants says of an entry, by its number in the block, whether it is wanted
 */
export function locateMembers(offset: number, block: IndexBlock, wants: (number: number) => boolean): LocatedMember[] {
  const walker = new BlockWalker(blockEntries(block), null, wants);
  let end = offset;
  return block.stored.map((stored, i) => {
    const raw = block.raw[i] as number;
    const member = { offset: end, stored, raw, wanted: walker.wants(raw) };
    walker.skip(raw);
    end += stored;
    return member;
  });
}

/** The bytes of a member; null where nothing of it is wanted. */
export function wantedRange({ offset, stored, wanted }: LocatedMember): FileRange | null {
  return wanted ? { offset, length: stored } : null;
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
