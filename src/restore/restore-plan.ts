import type { Entry } from '../format/entry.ts';
import { blockEntries } from '../format/index-block.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import { readBlock } from '../read/index-reader.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';

/** What of a block is to be extracted; `only` null means all of it. */
export interface BlockPlan {
  block: BlockLocation;
  /** Numbers of entries in the block, in order. */
  only: number[] | null;
}

/** How much is to be written. */
export interface RestoreSize {
  entries: number;
  files: number;
  /** Content, uncompressed. */
  bytes: number;
  /** Of these, how many will be holes: they take no room. As far as the index tells, whole pieces of large files. */
  holes: number;
}

/** What is to be extracted of a sealed snapshot. */
export interface ExtractionPlan extends RestoreSize {
  /** Can be gone through more than once. */
  blocks: Iterable<BlockPlan>;
}

/** A plan for the whole snapshot. */
export function planAll(snapshot: SealedSnapshot, holes: number): ExtractionPlan {
  const { entries, files, bytes } = snapshot.root.totals;
  return { blocks: new WholeBlocks(snapshot.blocks), entries, files, bytes, holes };
}

/** All blocks as a plan. There can be millions of them: none is made before it is asked for. */
class WholeBlocks implements Iterable<BlockPlan> {
  readonly #blocks: Iterable<BlockLocation>;

  constructor(blocks: Iterable<BlockLocation>) {
    this.#blocks = blocks;
  }

  *[Symbol.iterator](): Generator<BlockPlan, void, void> {
    for (const block of this.#blocks) yield { block, only: null };
  }
}

/** The entries of a plan, in the order of the snapshot, a block at a time in memory. They were validated when the plan was made. */
export function* plannedEntries(snapshot: SealedSnapshot, plan: ExtractionPlan): Generator<Entry, void, void> {
  for (const { block, only } of plan.blocks) {
    const entries = blockEntries(readBlock(snapshot.index, block));
    if (only === null) yield* entries;
    else for (const number of only) yield entries[number] as Entry;
  }
}
