import fs from 'node:fs';
import path from 'node:path';
import { BackupError, fromSystemError } from '../../errors.ts';
import type { BackupEvent } from '../../events.ts';
import { bytePath, childNames, joinBytes } from '../../state/byte-path.ts';
import { clearTemporaries } from '../../state/clear-temporaries.ts';
import { removeTree } from '../../state/remove-tree.ts';
import { temporaryName } from '../../state/temporary-names.ts';
import { resolveTarget } from '../publish/place.ts';

/** The folder that a salvage fills. Until `publish` nothing stands in it but one directory of ours. */
export class SalvageFolder {
  /** The folder itself, links resolved. */
  readonly directory: string;
  /** An empty directory in it, mode 0700. */
  readonly tree: string;
  readonly #made: boolean;
  readonly #onEvent: ((event: BackupEvent) => void) | undefined;
  /** What stands in the folder because of us. */
  readonly #placed: Buffer[] = [];

  /**
   * @param stateDir the state directory: neither it nor anything below it is ever salvaged into
   * @throws BackupError `USAGE`, `TARGET_NOT_EMPTY`, `TARGET_NOT_DIRECTORY`, `PERMISSION`, `NO_SPACE`, `IO`
   */
  constructor(directory: string, stateDir: string | undefined, onEvent: ((event: BackupEvent) => void) | undefined) {
    this.#onEvent = onEvent;
    this.directory = resolveFolder(directory);
    if (stateDir !== undefined) refuseStateDir(this.directory, stateDir);
    this.#made = fs.lstatSync(this.directory, { throwIfNoEntry: false }) === undefined;
    if (!this.#made) {
      clearTemporaries(this.directory, onEvent);
      refuseContent(this.directory);
    }
    this.tree = path.join(this.directory, temporaryName('scratch'));
    try {
      if (this.#made) fs.mkdirSync(this.directory);
      fs.mkdirSync(this.tree, { mode: 0o700 });
    } catch (error) {
      throw fromSystemError(error, 'make the folder to salvage into', this.directory);
    }
    this.#placed.push(bytePath(path.basename(this.tree)));
  }

  /** Moves what the tree holds up into the folder. */
  publish(): void {
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

  /** Leaves the folder as it was found. What cannot be removed is named in a notice: why nothing was salvaged is what matters. */
  async discard(): Promise<void> {
    try {
      await this.#clear();
    } catch (error) {
      const message = `could not be left as it was: ${fromSystemError(error, 'clear it').message}`;
      this.#onEvent?.({ type: 'notice', path: this.directory, message });
    }
  }

  async #clear(): Promise<void> {
    for (const name of this.#placed) {
      const child = joinBytes(this.directory, name).toString();
      if (fs.lstatSync(child, { throwIfNoEntry: false })?.isDirectory()) await removeTree(child);
      else fs.rmSync(child, { force: true });
    }
    if (this.#made) fs.rmdirSync(this.directory);
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
  if (names.length === 0) return;
  throw new BackupError('TARGET_NOT_EMPTY', 'the folder to salvage into is not empty', {
    path: directory,
    hint: 'Name an empty folder, or one that does not exist yet.',
  });
}
