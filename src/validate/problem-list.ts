import type { Problem } from './problem.ts';

/** Most problems of a snapshot that are kept; a file that is one great damage has as many as it has entries. */
const MOST_PROBLEMS = 1000;

/** Problems in the order in which they were found: the first ones, then one that counts the others. */
export class ProblemList {
  /** At most one more than `most`. */
  readonly problems: Problem[] = [];
  readonly #most: number;
  #further = 0;

  constructor(most = MOST_PROBLEMS) {
    this.#most = most;
  }

  add(problem: Problem): void {
    if (this.problems.length < this.#most) {
      this.problems.push(problem);
      return;
    }
    this.#further++;
    const message = `… and ${this.#further} more ${this.#further === 1 ? 'problem' : 'problems'}`;
    // The code is that of the first of them.
    const code = this.problems[this.#most]?.code ?? problem.code;
    this.problems[this.#most] = { code, message, paths: [] };
  }

  addAll(problems: Iterable<Problem>): void {
    for (const problem of problems) this.add(problem);
  }
}
