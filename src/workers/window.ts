/**
 * Keeps a bounded number of jobs under way and takes their results in the order in which they were started: the rest of the
 * program sees a sequence, the workers a queue.
 */
export class OrderedWindow {
  readonly #limit: number;
  readonly #queue: (() => Promise<void>)[] = [];

  /** @param limit most jobs under way */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a job that was started; resolves when there is room for another one. `take` is called with its result, in order. */
  async add<Result>(job: Promise<Result>, take: (result: Result) => void | Promise<void>): Promise<void> {
    // A failure is reported when its turn comes; until then it must not be an unhandled rejection.
    job.catch(() => {});
    this.#queue.push(async () => take(await job));
    while (this.#queue.length >= this.#limit) await this.#next();
  }

  /** Resolves when all results have been taken. */
  async drain(): Promise<void> {
    while (this.#queue.length > 0) await this.#next();
  }

  async #next(): Promise<void> {
    await this.#queue.shift()?.();
  }
}
