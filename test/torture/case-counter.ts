import { expect, type TestContext } from 'vitest';

/** Whether the long form runs: `npm run test:torture`. */
export const TORTURE = process.env.OXIOS_TORTURE === '1';

/** All in the long form; else some `few`, spread evenly. */
export function sampleOf<Item>(items: readonly Item[], few: number): Item[] {
  if (TORTURE || items.length <= few) return [...items];
  return Array.from({ length: few }, (_, i) => items[Math.floor((i * items.length) / few)] as Item);
}

/** What a test tried, for the table at the end of a run. */
export interface CaseCount {
  /** The promise in a few words. */
  promise: string;
  tried: number;
  held: number;
}

declare module 'vitest' {
  interface TaskMeta {
    counter?: CaseCount;
  }
}

/** Counts the cases of one test, goes on behind those that do not hold, and fails at the end with all of them. */
export class CaseCounter {
  readonly #count: CaseCount;
  readonly #broken: string[] = [];

  constructor(context: TestContext, promise: string) {
    this.#count = { promise, tried: 0, held: 0 };
    context.task.meta.counter = this.#count;
  }

  async case(name: string, check: () => void | Promise<void>): Promise<void> {
    this.#count.tried++;
    try {
      await check();
      this.#count.held++;
    } catch (error) {
      this.#broken.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Ends the count. */
  finish(): void {
    expect(this.#broken.slice(0, 10)).toEqual([]);
    expect(this.#count.held).toBe(this.#count.tried);
  }
}
