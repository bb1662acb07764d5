import { Worker } from 'node:worker_threads';
import { BackupError, type ErrorCode } from '../errors.ts';
import { fromSystemError } from '../system-errors.ts';

/** An error on its way from a worker. */
export interface TransportedError {
  code: ErrorCode;
  message: string;
  path?: string | undefined;
  hint?: string | undefined;
}

/** What a worker answers to each job, in order. */
export type Reply<Result> = { result: Result } | { error: TransportedError } | { bug: Error };

interface Pending<Result> {
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Room for young objects in each worker. Buffers are young objects too, however large: with the default of 48 many dead ones lie about
 * before anybody looks, and each new one is memory that the system has to clear first.
 */
const YOUNG_GENERATION_MB = 8;

const ENDED = 'a worker thread ended';

interface WorkerSlot<Result> {
  worker: Worker;
  pending: Pending<Result>[];
}

/**
 * A fixed set of worker threads that answer jobs, each in the order given to it. A job goes to the worker with the fewest
 * before it, so a caller that keeps two jobs a worker under way never lets one wait for the main thread.
 *
 * Its own rather than piscina or tinypool: it is shorter than what would adapt one to transferred buffers and to errors that keep their code.
 */
export class WorkerPool<Job, Result> {
  readonly #slots: WorkerSlot<Result>[];
  #failure: unknown = null;
  #closed = false;

  /**
   * @param script the worker's entry point
   * @param size number of threads, at least 1
   * @param workerData given to each worker
   */
  constructor(script: URL, size: number, workerData: unknown) {
    this.#slots = Array.from({ length: size }, () => {
      // Flags of this process are none of theirs: `--input-type` would even keep them from starting.
      const worker = new Worker(script, {
        workerData,
        execArgv: [],
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      });
      const slot: WorkerSlot<Result> = { worker, pending: [] };
      worker.on('message', (reply: Reply<Result>) => {
        const waiting = slot.pending.shift();
        if ('result' in reply) waiting?.resolve(reply.result);
        else waiting?.reject('bug' in reply ? reply.bug : reviveError(reply.error));
      });
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error(ENDED)));
      // Only a job under way may keep the process alive.
      worker.unref();
      return slot;
    });
  }

  /** Number of threads. */
  get size(): number {
    return this.#slots.length;
  }

  /** Gives a job to the least busy worker. `transfer` lists buffers to move instead of copy. */
  run(job: Job, transfer: ArrayBuffer[] = []): Promise<Result> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const slot = this.#slots.reduce((best, other) => (other.pending.length < best.pending.length ? other : best));
    return new Promise<Result>((resolve, reject) => {
      slot.pending.push({ resolve, reject });
      slot.worker.ref();
      slot.worker.postMessage(job, transfer);
    }).finally(() => {
      // While it is being ended, its end is what the process waits for.
      if (!this.#closed && slot.pending.length === 0) slot.worker.unref();
    });
  }

  /** Ends the threads; jobs still under way are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#slots.map((slot) => slot.worker.terminate()));
  }

  #fail(error: unknown): void {
    this.#failure ??= this.#closed ? new BackupError('ABORTED', 'the operation was ended') : failureOf(error);
    for (const slot of this.#slots) {
      for (const waiting of slot.pending.splice(0)) waiting.reject(this.#failure);
    }
  }
}

/** A thread that was ended, by a lack of memory for one, is a failure of ours; what it threw itself is a bug, and stays as it is. */
function failureOf(error: unknown): unknown {
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  if (error instanceof Error && !code.startsWith('ERR_WORKER_') && error.message !== ENDED) return error;
  // What kept it from starting is named there only: no file descriptor was left.
  const errno = /\bE[A-Z]{3,}$/.exec(String(error))?.[0];
  if (errno !== undefined)
    return fromSystemError(Object.assign(new Error(errno), { code: errno }), 'start a worker thread');
  return new BackupError('IO', `a worker thread failed: ${String(error)}`, {
    hint: 'Run it again with fewer `threads`, or with more memory.',
    cause: error,
  });
}

function reviveError({ code, message, path, hint }: TransportedError): BackupError {
  return new BackupError(code, message, { path, hint });
}
