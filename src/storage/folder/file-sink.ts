import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { BackupError } from '../../errors.ts';
import type { FileKey } from '../../system/file-key.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import { claimTemporary, type Temporary } from '../../system/temporary.ts';
import { temporaryName } from '../../system/temporary-names.ts';
import { whyNoFolder } from '../../system/why-no-folder.ts';
import { fromSystemError } from '../../system-errors.ts';
import type { SnapshotSink } from '../storage.ts';

const fsync = promisify(fs.fsync);

/**
 * A snapshot that becomes a file: written beside its final name, made durable, then renamed. Until then, and after a failure,
 * nothing exists at that name that did not before.
 */
export class FileSink implements SnapshotSink {
  /** The file in the making, and the one that it will replace. */
  readonly files: readonly FileKey[];
  /** Makes another name when one is taken; null when the caller wants exactly one. */
  readonly #nextOutput: (() => string) | null;
  #output: string;
  #temporary: string;
  readonly #claim: Temporary;
  readonly #fd: number;
  readonly #force: boolean;
  #position = 0;
  #closed = false;
  #committed = false;

  /**
   * @param output final path of the snapshot, or a function that makes paths, called again while the path is taken
   * @param force whether a file that is there is replaced; a made path never replaces one
   * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `NO_SPACE`, `PERMISSION`
   */
  constructor(output: string | (() => string), force: boolean) {
    this.#nextOutput = typeof output === 'string' ? null : output;
    this.#force = force && this.#nextOutput === null;
    this.#output = path.resolve(typeof output === 'string' ? output : output());
    const existing = this.#nextOutput === null ? fileToReplace(this.#output, force) : null;
    const directory = path.dirname(this.#output);
    this.#temporary = path.join(directory, temporaryName('snapshot'));
    try {
      // A snapshot may hold secrets. A user who wants it readable by others can change its mode.
      this.#fd = fs.openSync(this.#temporary, 'wx+', 0o600);
    } catch (error) {
      throw folderError(error, directory);
    }
    this.#claim = claimTemporary(this.#temporary, 'file');
    this.#temporary = this.#claim.path;
    try {
      const own = fs.fstatSync(this.#fd, { bigint: true });
      this.files = existing === null ? [own] : [own, existing];
    } catch (error) {
      this.#giveUp();
      throw fromSystemError(error, 'look at the snapshot in the making', directory);
    }
  }

  /** Path of the snapshot: the final one, once it is committed. */
  get output(): string {
    return this.#output;
  }

  get position(): number {
    return this.#position;
  }

  write(bytes: Uint8Array): void {
    this.#writeAt(bytes, this.#position);
    this.#position += bytes.length;
  }

  rewriteStart(bytes: Uint8Array): void {
    this.#writeAt(bytes, 0);
  }

  rollback(position: number): void {
    this.#attempt(() => fs.ftruncateSync(this.#fd, position));
    this.#position = position;
  }

  async commit(): Promise<void> {
    // Not synchronously: it can take minutes on a slow disk, and signals must be handled meanwhile.
    await fsync(this.#fd).catch((error: unknown) => {
      throw fromSystemError(error, 'write the snapshot', this.output);
    });
    this.#close();
    this.#attempt(() => this.#place());
    this.#committed = true;
    this.#attempt(() => this.#makeDurable());
  }

  async discard(): Promise<void> {
    this.#giveUp();
  }

  #giveUp(): void {
    if (!this.#committed) {
      this.#close();
      this.#unlinkTemporary();
    }
    // Last: a file of such a name that nobody claims counts as abandoned.
    this.#claim.release();
  }

  /** As far as it can be: the next run clears what is left. */
  #unlinkTemporary(): void {
    try {
      fs.rmSync(this.#temporary, { force: true });
    } catch {
      // The error that led here is the one to report.
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      fs.closeSync(this.#fd);
    } catch {
      // Everything has been synced before.
    }
  }

  #place(): void {
    if (this.#force) {
      fs.renameSync(this.#temporary, this.#output);
      return;
    }
    while (!this.#placeIfFree()) {
      if (this.#nextOutput === null) throw outputExists(this.#output);
      this.#output = path.resolve(this.#nextOutput());
    }
  }

  /** @returns false when the name is taken: what somebody else has put there meanwhile is never replaced */
  #placeIfFree(): boolean {
    try {
      fs.linkSync(this.#temporary, this.#output);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    }
    // A file system without hard links (FAT, Android). An empty file takes the name, if it is free; the rename then replaces that.
    try {
      fs.closeSync(fs.openSync(this.#output, 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    try {
      fs.renameSync(this.#temporary, this.#output);
    } catch (error) {
      fs.rmSync(this.#output, { force: true });
      throw error;
    }
    return true;
  }

  /** Makes the name durable. A new snapshot whose name may be lost in a power cut is rolled back; one that replaced another stays. */
  #makeDurable(): void {
    try {
      fs.rmSync(this.#temporary, { force: true });
      fsyncDirectory(path.dirname(this.#output));
    } catch (error) {
      if (!this.#force) {
        fs.rmSync(this.#output, { force: true });
        fs.rmSync(this.#temporary, { force: true });
      }
      throw error;
    }
  }

  #writeAt(bytes: Uint8Array, offset: number): void {
    this.#attempt(() => {
      for (let done = 0; done < bytes.length; )
        done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    });
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      throw fromSystemError(error, 'write the snapshot', this.#output);
    }
  }
}

/**
 * The file that a snapshot would replace; null for none.
 *
 * @param output absolute path of the snapshot
 * @param force whether a file that is there is replaced
 * @throws BackupError `OUTPUT_EXISTS`, `OUTPUT_UNWRITABLE`, `PERMISSION`
 */
export function fileToReplace(output: string, force: boolean): FileKey | null {
  const existing = statOutput(output);
  if (existing === undefined) return null;
  if (existing.isDirectory()) {
    throw new BackupError('OUTPUT_UNWRITABLE', `${output} is a directory`, {
      path: output,
      hint: 'Name the file to write, or use `output: { folder }` for a folder of snapshots.',
    });
  }
  if (!existing.isFile()) {
    throw new BackupError('OUTPUT_UNWRITABLE', `${output} is a device, FIFO or socket, not a file`, {
      path: output,
      hint: 'Write the snapshot to it as a stream: `output: createWriteStream(…)`',
    });
  }
  if (!force) throw outputExists(output);
  return existing;
}

/** Why nothing can be written into a folder. */
export function folderError(error: unknown, directory: string): BackupError {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return fromSystemError(error, 'write the snapshot', directory);
  const why = whyNoFolder(directory);
  const isMissing = why === 'does not exist';
  return new BackupError('OUTPUT_UNWRITABLE', `${isMissing ? 'the folder ' : ''}${directory} ${why}`, {
    path: directory,
    hint: isMissing
      ? 'Create it, or name another place for the snapshot.'
      : 'Name a folder, or the file itself that is to be written, without `output: { folder }`.',
    cause: error,
  });
}

function outputExists(output: string): BackupError {
  return new BackupError('OUTPUT_EXISTS', `${output} exists already`, {
    path: output,
    hint: 'Choose another name, or replace it with `force`.',
  });
}

function statOutput(output: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(output, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw fromSystemError(error, 'look at the place of the snapshot', output);
  }
}
