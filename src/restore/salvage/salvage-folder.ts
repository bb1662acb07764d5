import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../../errors.ts';
import type { BackupEvent } from '../../events.ts';
import { resolveTarget } from '../../state-dir/location.ts';
import { bytePath, childNames, joinBytes } from '../../system/byte-path.ts';
import { clearTemporaries } from '../../system/clear-temporaries.ts';
import { describeRemaining, type Obstacle, removeTree } from '../../system/remove-tree.ts';
import { isSystemName } from '../../system/system-names.ts';
import { claimTemporary, type Temporary } from '../../system/temporary.ts';
import { temporaryName } from '../../system/temporary-names.ts';
import { fromSystemError } from '../../system-errors.ts';

/** The folder that a salvage fills. Until `commit` it holds nothing but one directory of ours. */
export class SalvageFolder {
  /** The folder itself, links resolved. */
  readonly directory: string;
  /** An empty directory in it, mode 0700. */
  readonly tree: string;
  readonly #made: boolean;
  readonly #claimed: Temporary;
  /** What is in the folder because of us. */
  readonly #placed: Buffer[] = [];

  /**
   * Opens the folder, and clears what a killed salvage left in it.
   *
   * @param stateDir the state directory: neither it nor anything below it is ever salvaged into
   * @throws BackupError `USAGE`, `TARGET_NOT_EMPTY`, `TARGET_NOT_DIRECTORY`, `PERMISSION`, `NO_SPACE`, `IO`
   */
  static async open(
    directory: string,
    stateDir: string | undefined,
    onEvent: ((event: BackupEvent) => void) | undefined,
  ): Promise<SalvageFolder> {
    const folder = resolveFolder(directory);
    if (stateDir !== undefined) refuseStateDir(folder, stateDir);
    const exists = fs.lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
    if (exists) {
      await clearTemporaries(folder, onEvent);
      refuseContent(folder);
    }
    return new SalvageFolder(folder, !exists);
  }

  private constructor(directory: string, isToBeMade: boolean) {
    this.directory = directory;
    this.#made = isToBeMade;
    const tree = path.join(directory, temporaryName('scratch'));
    try {
      if (isToBeMade) fs.mkdirSync(directory);
      fs.mkdirSync(tree, { mode: 0o700 });
    } catch (error) {
      throw fromSystemError(error, 'make the folder to salvage into', directory);
    }
    this.#claimed = claimTemporary(tree, 'directory');
    this.tree = this.#claimed.path;
    this.#placed.push(bytePath(path.basename(this.tree)));
  }

  /** Moves what the tree holds up into the folder. */
  commit(): void {
    try {
      for (const name of childNames(this.tree)) {
        this.#placed.push(name);
        fs.renameSync(joinBytes(this.tree, name), joinBytes(this.directory, name));
      }
      fs.rmdirSync(this.tree);
    } catch (error) {
      throw fromSystemError(error, 'put the salvaged files into their folder', this.directory);
    }
  }

  /** Leaves the folder as it was found, as far as it can be; what stays is named. */
  async discard(onEvent: ((event: BackupEvent) => void) | undefined): Promise<void> {
    const remaining: Obstacle[] = [];
    for (const name of this.#placed) {
      remaining.push(...(await removeTree(joinBytes(this.directory, name))).remaining);
    }
    this.release();
    if (this.#made) removeIfEmpty(this.directory);
    if (remaining.length === 0) return;
    const message = `could not be cleared of what was taken out so far: ${describeRemaining(remaining)}`;
    onEvent?.({ type: 'notice', path: this.directory, message });
  }

  /** Gives up the claim on the tree in it. */
  release(): void {
    this.#claimed.release();
  }
}

function removeIfEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory);
  } catch {
    // Something is in it that was named, or that somebody else has put there.
  }
}

function resolveFolder(directory: string): string {
  try {
    return resolveTarget(directory).target;
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== 'TARGET_NOT_DIRECTORY') throw error;
    throw new BackupError('TARGET_NOT_DIRECTORY', `${directory} is not a directory`, {
      path: directory,
      hint: 'Name an empty folder, or a path where one can be made.',
      cause: error,
    });
  }
}

function refuseStateDir(directory: string, stateDir: string): void {
  const { target } = resolveTarget(stateDir);
  if (directory !== target && !directory.startsWith(`${target}${path.sep}`)) return;
  throw new BackupError('USAGE', 'a damaged snapshot is never salvaged into the state directory', {
    path: directory,
    hint: 'Name an empty folder elsewhere, look at what comes out, and copy what you need.',
  });
}

function refuseContent(directory: string): void {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch (error) {
    throw fromSystemError(error, 'look into the folder to salvage into', directory);
  }
  if (names.every(isSystemName)) return;
  throw new BackupError('TARGET_NOT_EMPTY', 'the folder to salvage into is not empty', {
    path: directory,
    hint: 'Name an empty folder, or one that does not exist yet.',
  });
}
