import type { Entry } from '../format/entry.ts';
import { blockEntries } from '../format/index-block.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import { readBlock } from '../read/index-reader.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import type { EntryRuns } from '../read/read-entries.ts';

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
  /** Of these, how many will be holes: they take no room. As far as the index says, whole pieces of large files. */
  holes: number;
}

/** What is to be extracted of a sealed snapshot. */
export interface ExtractionPlan extends RestoreSize {
  /** Can be gone through more than once. */
  blocks: AsyncIterable<BlockPlan> | Iterable<BlockPlan>;
}

/** A plan for the whole snapshot. */
export function planAll(snapshot: SealedSnapshot, holes: number): ExtractionPlan {
  const { entries, files, bytes } = snapshot.root.totals;
  return { blocks: new WholeBlocks(snapshot.blocks), entries, files, bytes, holes };
}

/** All blocks as a plan. There can be millions of them: none is made before it is asked for. */
class WholeBlocks implements AsyncIterable<BlockPlan> {
  readonly #blocks: AsyncIterable<BlockLocation>;

  constructor(blocks: AsyncIterable<BlockLocation>) {
    this.#blocks = blocks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BlockPlan, void, void> {
    for await (const block of this.#blocks) yield { block, only: null };
  }
}

/** The entries of a plan, in the order of the snapshot, a block at a time in memory. They were validated when the plan was made. */
export async function* plannedEntries(snapshot: SealedSnapshot, plan: ExtractionPlan): EntryRuns {
  for await (const { block, only } of plan.blocks) {
    const entries = blockEntries(await readBlock(snapshot.index, block));
    yield only === null ? entries : only.map((number) => entries[number] as Entry);
  }
}
