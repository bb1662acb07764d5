import { BackupError } from '../errors.ts';
import { parseRoot } from '../format/index-root.ts';
import { NODE_CODEC } from '../system/node-codec.ts';
import { type Problem, problemOf } from '../validate/problem.ts';
import { SnapshotValidator } from '../validate/snapshot-validator.ts';
import type { BlockValidation } from '../validate/validate-block.ts';
import { type FindInBlock, HardLinkCheck, type SpooledBlock } from './hard-link-check.ts';

/** Validates a snapshot that is being written, by the rules that every reader applies: none is sealed that a reader would refuse. */
export class SelfCheck {
  readonly #validator = new SnapshotValidator();
  readonly #links: HardLinkCheck;

  /** @param find looks into blocks that were added */
  constructor(find: FindInBlock) {
    this.#links = new HardLinkCheck(find);
  }

  /**
   * Takes the validation of the next block, which is in the spool by now.
   *
   * @throws BackupError `SELF_CHECK_FAILED` with the first thing that is wrong
   */
  async add(validation: BlockValidation, block: SpooledBlock): Promise<void> {
    this.#validator.add(validation);
    // Symbolic links were validated by their form; where they lead does not make a snapshot unreadable.
    this.#validator.symlinks.clear();
    this.#refuse();
    this.#validator.found.addAll(await this.#links.add(block, this.#validator.hardLinks.splice(0)));
    this.#refuse();
  }

  /** Takes the index header as it is to be sealed. */
  async finish(header: Uint8Array): Promise<void> {
    this.#validator.found.addAll(await this.#links.finish());
    this.#refuse();
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
    hint: 'Nothing was committed. Exclude that entry with `excludes`, and report it: this is a fault of oxios-backup.',
  });
}
