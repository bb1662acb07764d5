import type { BigIntStats } from 'node:fs';

/** Finds the files of a tree that are names of one and the same. Holds only those of which more names are to come. */
export class HardLinks {
  readonly #seen = new Map<string, { first: string; missing: number }>();

  /** Path under which this file was kept before, or null. */
  firstPathOf(stat: BigIntStats): string | null {
    const key = `${stat.dev}:${stat.ino}`;
    const known = this.#seen.get(key);
    if (known === undefined) return null;
    known.missing--;
    if (known.missing <= 0) this.#seen.delete(key);
    return known.first;
  }

  /** Remembers a file of several names that was kept under `path`. */
  keep(path: string, stat: BigIntStats): void {
    this.#seen.set(`${stat.dev}:${stat.ino}`, { first: path, missing: Number(stat.nlink) - 1 });
  }
}
