import { blockEntries } from '../format/index-block.ts';
import { BlockWalker } from '../read/block-walker.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import { blockOf, doReadJob, type HeldBytes, type ReadJob, readerOf } from '../read/read-jobs.ts';
import { walkMembers } from '../read/walk-members.ts';
import type { Problem } from '../validate/problem.ts';
import { type Answer, serve } from '../workers/serve.ts';
import { type ExtractedTree, TreeWriter, type TreeWriterOptions } from './tree-writer.ts';

/** Verify the entries of a block and write them into a tree; `only` names those wanted by their number in the block. */
export type ExtractJob = HeldBytes & {
  kind: 'extract';
  block: BlockLocation;
  tree: TreeWriterOptions;
  only: number[] | null;
};

export interface Extracted {
  tree: ExtractedTree;
  problems: Problem[];
}

serve('restore the snapshot', (job: ReadJob | ExtractJob): Answer => {
  return job.kind === 'extract' ? { result: extract(job) } : doReadJob(job);
});

function extract(job: ExtractJob): Extracted {
  const read = readerOf(job);
  const block = blockOf(read, job.block);
  const tree = new TreeWriter(job.tree);
  const wanted = job.only === null ? null : new Set(job.only);
  const walker = new BlockWalker(blockEntries(block), tree, wanted === null ? null : (number) => wanted.has(number));
  try {
    walkMembers(read, job.block.row.offset, block, walker);
  } finally {
    tree.finish();
  }
  return { tree: tree.finish(), problems: walker.problems };
}
