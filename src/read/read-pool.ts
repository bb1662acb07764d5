import os from 'node:os';
import type { Manifest } from '../format/manifest.ts';
import { PARALLEL_MEMBERS } from '../format/member-plan.ts';
import { CATEGORIES } from '../state-dir/sections.ts';
import { type FileRange, type HeldRange, readAhead } from '../storage/read-ahead.ts';
import { problemOf } from '../validate/problem.ts';
import { WorkerPool } from '../workers/pool.ts';
import { type BlockLocation, blockRange } from './index-reader.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import type { HeldBytes, ReadJob, ReadResult, ReadWorkerData } from './read-jobs.ts';

const READ_WORKER = new URL('./read-worker.js', import.meta.url);

/** Members of a block that are handed to a worker at once. Valid blocks have a tenth of it. */
const MOST_HANDED_BYTES = 64 * 1024 * 1024;

export interface PoolOptions {
  /**
   * How many threads.
   *
   * @default one for each core that the process may use
   */
  threads?: number | undefined;
  /**
   * The blocks that jobs will be about.
   *
   * @default all
   */
  blocks?: AsyncIterable<BlockLocation>;
  /**
   * What the threads run: it serves the jobs of a reader, and may serve others.
   *
   * @default the reader's own
   */
  worker?: URL;
}

/** Worker threads that read one sealed snapshot. */
export class ReadPool {
  readonly #pool: WorkerPool<HeldBytes, unknown>;
  readonly #snapshot: SealedSnapshot;
  #large: Promise<unknown> = Promise.resolve();

  private constructor(snapshot: SealedSnapshot, platform: NodeJS.Platform, size: number, worker: URL) {
    const { index, manifest, source } = snapshot;
    const workerData: ReadWorkerData = {
      index: { offset: index.offset, length: index.length },
      descriptor: source.descriptor,
      platform,
      folders: countedFolders(manifest),
    };
    this.#snapshot = snapshot;
    this.#pool = new WorkerPool(worker, size, workerData);
  }

  /**
   * Starts the threads.
   *
   * @param platform where entries would be written, for the validation of their names
   */
  static async start(
    snapshot: SealedSnapshot,
    platform: NodeJS.Platform,
    { threads = os.availableParallelism(), blocks = snapshot.blocks, worker = READ_WORKER }: PoolOptions = {},
  ): Promise<ReadPool> {
    // More threads than there are jobs only cost their start.
    return new ReadPool(snapshot, platform, Math.max(1, await jobsUpTo(threads, blocks)), worker);
  }

  /** Most jobs worth having under way: one in hand and one in waiting for each thread. */
  get window(): number {
    return this.#pool.size * 2 + 1;
  }

  run<Kind extends ReadJob['kind']>(
    job: Extract<ReadJob, { kind: Kind }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ReadResult[Kind]> {
    return this.runOther<Extract<ReadJob, { kind: Kind }>, ReadResult[Kind]>(job, transfer);
  }

  /** Gives the threads a job that is not a reader's, which the program that they run serves too. */
  runOther<Job extends HeldBytes, Result>(job: Job, transfer: ArrayBuffer[] = []): Promise<Result> {
    if (job.held.length === 0) return this.#pool.run(job, transfer) as Promise<Result>;
    // A view would take the whole of its memory along.
    const held = job.held.map(({ offset, bytes }) => ({ offset, bytes: Uint8Array.from(bytes) }));
    const memory = held.map(({ bytes }) => bytes.buffer as ArrayBuffer);
    return this.#pool.run({ ...job, held }, [...transfer, ...memory]) as Promise<Result>;
  }

  /**
   * Reads for the workers what they cannot read by themselves.
   *
   * @param rangesOf what of the file a job needs
   * @returns the jobs in their order, each with the bytes to be given to `run`: none where the workers read the file
   */
  async *supply<Job>(
    jobs: AsyncIterable<Job> | Iterable<Job>,
    rangesOf: (job: Job) => FileRange[] | Promise<FileRange[]>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ job: Job; held: HeldRange[] }, void, void> {
    const { source } = this.#snapshot;
    if (source.descriptor === undefined) yield* readAhead(source, jobs, rangesOf, signal);
    else for await (const job of jobs) yield { job, held: [] };
  }

  /** Where the bytes of a block of the index lie in the file. */
  indexRange(block: BlockLocation): FileRange {
    return blockRange(this.#snapshot.index, block);
  }

  /** What of the file has to be read to check a block: the block itself, and its members unless they are read one by one. */
  blockRanges(block: BlockLocation): FileRange[] {
    const { offset, stored } = block.row;
    return this.isLed(block) ? [this.indexRange(block)] : [this.indexRange(block), { offset, length: stored }];
  }

  /** Whether the members of a block are given to all threads, with `walkParallel`, instead of the block to one. */
  isLed({ row }: BlockLocation): boolean {
    return isParallel(row) || (this.#snapshot.source.descriptor === undefined && row.stored > MOST_HANDED_BYTES);
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

/** How many jobs the blocks make, counted until they are enough. A page that cannot be read is reported where it is needed. */
async function jobsUpTo(most: number, blocks: AsyncIterable<BlockLocation>): Promise<number> {
  let jobs = 0;
  try {
    for await (const { row } of blocks) {
      jobs += isParallel(row) ? row.members : 1;
      if (jobs >= most) return most;
    }
  } catch (error) {
    problemOf(error);
  }
  return jobs;
}

/** Whether a block is one file of so many members that they are given to all threads, instead of the block to one. */
function isParallel(row: { entries: number; members: number }): boolean {
  return row.entries === 1 && row.members >= PARALLEL_MEMBERS;
}
