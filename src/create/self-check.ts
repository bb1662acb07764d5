import { BackupError } from '../errors.ts';
import { parseRoot } from '../format/index-root.ts';
import { type Problem, problemOf } from '../read/problem.ts';
import { SnapshotValidator } from '../read/snapshot-validator.ts';
import type { BlockValidation } from '../read/validate-block.ts';
import { NODE_CODEC } from '../system/node-codec.ts';

/** Holds a snapshot in the making to the rules by which every reader will validate it, so that none is sealed that none would read. */
export class SelfCheck {
  readonly #validator = new SnapshotValidator();

  /**
   * Takes the validation of the next block.
   *
   * @throws BackupError `SELF_CHECK_FAILED` with the first thing that is wrong
   */
  add(validation: BlockValidation): void {
    this.#validator.add(validation);
    // Links were validated by their form; where they lead does not make a snapshot unreadable.
    this.#validator.symlinks.clear();
    this.#refuse();
  }

  /** Takes the index header as it is to be sealed. */
  finish(header: Buffer): void {
    const { totals, manifest } = selfChecked(() => parseRoot(header, NODE_CODEC));
    this.#validator.validateTotals(totals);
    this.#validator.validateManifest(manifest);
    this.#refuse();
  }

  #refuse(): void {
    const [problem] = this.#validator.problems;
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
    hint: 'Nothing was committed. Leave that entry out with --exclude, and report it: this is a fault of oxios-backup.',
  });
}
