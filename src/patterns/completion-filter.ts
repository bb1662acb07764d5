import { comparePaths } from '../format/path-order.ts';
import type { EntryFilter } from './selection.ts';

/** Wants the entries that complete the beginning of a path up to its next `/`: of `sess` the folder `sessions`, of `sessions/` what lies in it. */
export class CompletionFilter implements EntryFilter {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  wants(path: string): boolean {
    return path.startsWith(this.#prefix) && !path.includes('/', this.#prefix.length) && path !== this.#prefix;
  }

  mayHold(first: string, next: string | null): boolean {
    const prefix = this.#prefix;
    if (next !== null && comparePaths(prefix, next) >= 0) return false;
    if (!first.startsWith(prefix)) return comparePaths(first, prefix) < 0;
    const slash = first.indexOf('/', prefix.length);
    // All of a run may lie in one folder below.
    return slash < 0 || next === null || !next.startsWith(first.slice(0, slash + 1));
  }
}
