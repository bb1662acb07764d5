import type { EstimatedTotals } from '../events.ts';
import { countAhead, type ExpectedAmount } from './count-ahead.ts';

/** What is expected of a snapshot in the making, for its progress: what the parent holds, else what a count finds that runs beside the capture. */
export class ExpectedTotals {
  #expected: ExpectedAmount | null;
  readonly #stop = new AbortController();

  /** @param known what the parent holds; null if there is none */
  constructor(known: ExpectedAmount | null) {
    this.#expected = known;
  }

  /** Begins to count, unless something is expected already. */
  count(root: string, excludes: readonly string[]): void {
    if (this.#expected !== null) return;
    const counted = countAhead(root, excludes, this.#stop.signal);
    // The capture reports why a count failed.
    void counted
      .catch(() => null)
      .then((amount) => {
        this.#expected = amount;
      });
  }

  /** What goes into a progress event; nothing where nothing is known, or there is more already than was expected. */
  at(entries: number, bytes: number): EstimatedTotals | undefined {
    const expected = this.#expected;
    if (expected === null || entries > expected.entries || bytes > expected.bytes) return undefined;
    return { totalEntries: expected.entries, totalBytes: expected.bytes, estimated: true };
  }

  /** Ends the count. */
  stop(): void {
    this.#stop.abort();
  }
}
