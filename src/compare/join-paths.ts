import { comparePaths } from '../format/path-order.ts';

/** What two sides have under one path; null for the side that has nothing there. */
export type Pair<Before, After> = [Before, After] | [Before, null] | [null, After];

/** Entries one by one, or some at a time. */
type Entries<Entry> = Iterable<Entry> | AsyncIterable<readonly Entry[]>;

/** Pairs entries of two sides that are both in the order of a snapshot. Of each it holds as many as come at a time. */
export async function* joinPaths<Before extends { path: string }, After extends { path: string }>(
  before: Entries<Before>,
  after: Entries<After>,
): AsyncGenerator<Pair<Before, After>, void, void> {
  const left = new Cursor(before);
  const right = new Cursor(after);
  await left.advance();
  await right.advance();
  for (;;) {
    const [a, b] = [left.entry, right.entry];
    if (a === null && b === null) return;
    const order = a === null ? 1 : b === null ? -1 : comparePaths(a.path, b.path);
    if (order < 0) yield [a as Before, null];
    else if (order > 0) yield [null, b as After];
    else yield [a as Before, b as After];
    // Most of the time there is nothing to wait for.
    const waitLeft = order <= 0 ? left.advance() : undefined;
    if (waitLeft !== undefined) await waitLeft;
    const waitRight = order >= 0 ? right.advance() : undefined;
    if (waitRight !== undefined) await waitRight;
  }
}

/** A cursor that goes from entry to entry. */
class Cursor<Entry> {
  /** Null after the last one. */
  entry: Entry | null = null;
  #at: Iterator<Entry> = [][Symbol.iterator]();
  readonly #runs: AsyncIterator<readonly Entry[]> | null;

  constructor(entries: Entries<Entry>) {
    if (Symbol.asyncIterator in entries) {
      this.#runs = entries[Symbol.asyncIterator]();
    } else {
      this.#runs = null;
      this.#at = entries[Symbol.iterator]();
    }
  }

  /** @returns a promise where the next entry has to be waited for */
  advance(): Promise<void> | undefined {
    const next = this.#at.next();
    this.entry = next.done === true ? null : next.value;
    return next.done === true && this.#runs !== null ? this.#advanceRun(this.#runs) : undefined;
  }

  async #advanceRun(runs: AsyncIterator<readonly Entry[]>): Promise<void> {
    while (this.entry === null) {
      const run = await runs.next();
      if (run.done === true) return;
      this.#at = run.value[Symbol.iterator]();
      const next = this.#at.next();
      this.entry = next.done === true ? null : next.value;
    }
  }
}
