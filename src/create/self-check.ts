import { BackupError } from '../errors.ts';
import { parseRoot } from '../format/index-root.ts';
import type { BlockJudgement } from '../read/judge-block.ts';
import { type Problem, problemOf } from '../read/problem.ts';
import { SnapshotJudge } from '../read/snapshot-judge.ts';

/** Holds a snapshot in the making to the rules by which every reader will judge it, so that none is sealed that none would read. */
export class SelfCheck {
  readonly #judge = new SnapshotJudge();

  /**
   * Takes the judgement of the next block.
   *
   * @throws BackupError `SELF_CHECK_FAILED` with the first thing that is wrong
   */
  add(judgement: BlockJudgement): void {
    this.#judge.add(judgement);
    // Links were judged by their form; where they lead does not make a snapshot unreadable.
    this.#judge.symlinks.clear();
    this.#refuse();
  }

  /** Takes the index header as it is to be sealed. */
  finish(header: Buffer): void {
    const { totals, manifest } = selfChecked(() => parseRoot(header));
    this.#judge.judgeTotals(totals);
    this.#judge.judgeManifest(manifest);
    this.#refuse();
  }

  #refuse(): void {
    const [problem] = this.#judge.problems;
    if (problem !== undefined) throw selfCheckFailed(problem);
  }
}

/**
 * What a check of the format returns.
 *
 * @throws BackupError `SELF_CHECK_FAILED` where that finds what is written at fault
 */
export function selfChecked<Result>(check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    throw selfCheckFailed(problemOf(error));
  }
}

function selfCheckFailed({ message, paths }: Problem): BackupError {
  return new BackupError('SELF_CHECK_FAILED', `the snapshot in the making would not be valid: ${message}`, {
    path: paths[0],
    hint: 'Nothing was published. Leave that entry out with --exclude, and report it: this is a fault of oxios-backup.',
  });
}
