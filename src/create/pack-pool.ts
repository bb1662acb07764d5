import os from 'node:os';
import { WorkerPool } from '../workers/pool.ts';
import type { PackJob, PackResult, PackWorkerData } from './pack-worker.ts';

/** The threads that read, hash and compress what goes into a snapshot. */
export class PackPool {
  readonly #pool: WorkerPool<PackJob, unknown>;

  /** @param threads default: one for each core that the process may use */
  constructor(workerData: PackWorkerData, threads = os.availableParallelism()) {
    this.#pool = new WorkerPool(new URL('./pack-worker.js', import.meta.url), threads, workerData);
  }

  /** Number of threads. */
  get size(): number {
    return this.#pool.size;
  }

  /** Gives a job to the least busy thread. `transfer` lists buffers to move instead of copy. */
  run<Kind extends PackJob['kind']>(
    job: Extract<PackJob, { kind: Kind }>,
    transfer: ArrayBuffer[] = [],
  ): Promise<PackResult[Kind]> {
    return this.#pool.run(job, transfer) as Promise<PackResult[Kind]>;
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
