import type { BigIntStats } from 'node:fs';
import type { CaptureItem } from './capture-item.ts';

/** The first name under which a file was found, and the attributes that it had then. */
export type FirstName = Pick<CaptureItem, 'path' | 'mode' | 'uid' | 'gid' | 'mtimeNs'>;

/** Files that are remembered at a time: some 50 MB. */
const MOST = 250_000;

/**
 * Finds the names of a tree that belong to the same file. Holds only files of which more names are to come, and of these
 * the latest: names outside of the tree never come.
 */
export class HardLinks {
  readonly #seen = new Map<string, { first: FirstName; missing: number }>();
  readonly #most: number;
  #forgotten = 0;

  /** @param most files that are remembered at a time */
  constructor(most = MOST) {
    this.#most = most;
  }

  /** Files that were forgotten before all of their names were found: a further one is taken for a file of its own. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The name under which this file was kept before, or null. */
  firstNameOf(stat: BigIntStats): FirstName | null {
    const key = `${stat.dev}:${stat.ino}`;
    const known = this.#seen.get(key);
    if (known === undefined) return null;
    known.missing--;
    if (known.missing <= 0) this.#seen.delete(key);
    return known.first;
  }

  /** Remembers a file of several names that was kept under the first of them. */
  keep(first: FirstName, stat: BigIntStats): void {
    this.#seen.set(`${stat.dev}:${stat.ino}`, { first, missing: Number(stat.nlink) - 1 });
    if (this.#seen.size <= this.#most) return;
    for (const oldest of this.#seen.keys()) {
      this.#seen.delete(oldest);
      this.#forgotten++;
      return;
    }
  }
}
