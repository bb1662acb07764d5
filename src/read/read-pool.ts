import os from 'node:os';
import type { Manifest } from '../format/manifest.ts';
import { PARALLEL_MEMBERS } from '../format/member-plan.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import { WorkerPool } from '../workers/pool.ts';
import type { BlockLocation } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { problemOf } from './problem.ts';
import type { ReadJob, ReadResult, ReadWorkerData } from './read-worker.ts';

/** Worker threads that read one sealed snapshot. */
export class ReadPool {
  readonly #pool: WorkerPool<ReadJob, unknown>;
  #large: Promise<unknown> = Promise.resolve();

  /**
   * @param threads how many; by default one for each core that the process may use
   * @param platform where entries would be written, for the validation of their names
   * @param blocks those that jobs will be about
   */
  constructor(
    snapshot: SealedSnapshot,
    platform: NodeJS.Platform,
    threads = os.availableParallelism(),
    blocks: Iterable<BlockLocation> = snapshot.blocks,
  ) {
    // More threads than there are jobs only cost their start.
    const workerData: ReadWorkerData = { index: snapshot.index, platform, folders: countedFolders(snapshot.manifest) };
    this.#pool = new WorkerPool(
      new URL('./read-worker.js', import.meta.url),
      Math.max(1, jobsUpTo(threads, blocks)),
      workerData,
    );
  }

  /** Most jobs worth having under way: one in hand and one in waiting for each thread. */
  get window(): number {
    return this.#pool.size * 2 + 1;
  }

  run<Kind extends ReadJob['kind']>(
    job: Extract<ReadJob, { kind: Kind }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReadResult[Kind]> {
    return this.#pool.run(job, transfer) as Promise<ReadResult[Kind]>;
  }

  /**
   * Lets large files be read by all threads one after the other. Side by side they would be no faster, for one thread takes what comes
   * of them all, and until it does a whole window of each would lie in memory.
   */
  inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
    const turn = this.#large.then(read);
    this.#large = turn.catch(() => {});
    return turn;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Folders whose documents a manifest counts, or would if there were any. */
export function countedFolders({ sections }: Manifest): ReadonlySet<string> {
  return new Set([...CATEGORIES, ...sections.map(({ name }) => name)]);
}

/** How many jobs the blocks make, counted until they are enough. A page that cannot be read is found by whoever needs it. */
function jobsUpTo(most: number, blocks: Iterable<BlockLocation>): number {
  let jobs = 0;
  try {
    for (const { row } of blocks) {
      jobs += isParallel(row) ? row.members : 1;
      if (jobs >= most) return most;
    }
  } catch (error) {
    problemOf(error);
  }
  return jobs;
}

/** Whether a block is one file of so many members that they are given to all threads, instead of the block to one. */
export function isParallel(row: { entries: number; members: number }): boolean {
  return row.entries === 1 && row.members >= PARALLEL_MEMBERS;
}
