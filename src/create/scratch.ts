import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { claimTemporary, type Temporary } from '../system/temporary.ts';
import { temporaryName } from '../system/temporary-names.ts';
import { whyNoFolder } from '../system/why-no-folder.ts';
import { fromScratchError } from '../system-errors.ts';

/** A private directory for as long as a snapshot is being made; it comes into being when it is first asked for. */
export class Scratch {
  readonly #parent: string;
  #claimed: Temporary | null = null;

  /** @param parent where there is room */
  constructor(parent: string) {
    this.#parent = parent;
  }

  /** Absolute path of the directory. */
  readonly directory = (): string => {
    if (this.#claimed !== null) return this.#claimed.path;
    const directory = path.join(path.resolve(this.#parent), temporaryName('scratch'));
    try {
      fs.mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') throw missing(this.#parent, error);
      throw fromScratchError(error, 'make a place for temporary files', this.#parent);
    }
    this.#claimed = claimTemporary(directory, 'directory');
    return this.#claimed.path;
  };

  /** Deletes it with all that is in it, if it can be: a snapshot is none the worse for it, and the next run clears what is left. */
  remove(): void {
    if (this.#claimed === null) return;
    try {
      fs.rmSync(this.#claimed.path, { recursive: true, force: true });
    } catch {
      // Said by the run that clears it.
    }
    this.#claimed.release();
  }
}

function missing(parent: string, cause: unknown): BackupError {
  return new BackupError('OUTPUT_UNWRITABLE', `the folder for temporary files, ${parent}, ${whyNoFolder(parent)}`, {
    path: parent,
    hint: 'Create it, or name another one with `scratchDir`.',
    cause,
  });
}
