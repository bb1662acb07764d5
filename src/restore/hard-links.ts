import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BackupError } from '../errors.ts';
import type { OperationOptions } from '../events.ts';
import type { Entry } from '../format/entry.ts';
import { within } from '../system/near-path.ts';
import { writeFilled, writeSparse } from '../system/write-sparse.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { isUnsupported } from './target-abilities.ts';

const STEP = 1024 * 1024;
const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_RDONLY, O_WRONLY } = fs.constants;

/** A file that has as many names as its file system allows (ext4: 65,000; EFS: 177), or a link to another file system. */
const NO_MORE = new Set(['EMLINK', 'EXDEV']);

/**
 * Makes the further names of files. Where the file system makes no links, or no more of them, a name becomes a file of its own with
 * the same content.
 */
export class HardLinks {
  readonly #root: string;
  readonly #write: typeof writeSparse;
  readonly #signal: AbortSignal | undefined;
  #buffer: Buffer | null = null;
  /** By path: the file that its next name is a link to, where that is a copy. */
  readonly #newest = new Map<string, string>();
  /** How many names became files of their own, and the first of them. */
  readonly copied: { count: number; first: string | null } = { count: 0, first: null };

  /** @param holes whether the file system has them */
  constructor(root: string, holes: boolean, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#write = holes ? writeSparse : writeFilled;
    this.#signal = signal;
  }

  /**
   * Makes the name that an entry is. Its directory is there.
   *
   * @returns whether it is a file of its own now, whose attributes are still to be set
   * @throws what the system says; BackupError `ABORTED`, `IO`
   */
  async make({ path, link }: Entry): Promise<boolean> {
    const source = this.#newest.get(link as string) ?? (link as string);
    try {
      this.#at(source, (from) => this.#at(path, (to) => fs.linkSync(from, to)));
      return false;
    } catch (error) {
      if (!isUnsupported(error) && !NO_MORE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    await this.#copy(source, path);
    this.#newest.set(link as string, path);
    this.copied.count++;
    this.copied.first ??= path;
    return true;
  }

  #at<T>(relative: string, act: (path: string) => T): T {
    return within(this.#root, relative, act);
  }

  async #copy(source: string, path: string): Promise<void> {
    const from = this.#at(source, openUnreadable);
    try {
      const to = this.#at(path, (absolute) => fs.openSync(absolute, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600));
      let written: string;
      try {
        let [length, filled] = [0, 0];
        written = await this.#pass(from, (bytes, position) => {
          filled = this.#write(to, bytes, position);
          length = position + bytes.length;
        });
        // It ends in a hole.
        if (filled < length) fs.ftruncateSync(to, length);
      } finally {
        fs.closeSync(to);
      }
      const made = this.#at(path, (absolute) => fs.openSync(absolute, O_RDONLY | O_NOFOLLOW));
      try {
        if ((await this.#pass(made, () => {})) === written) return;
      } finally {
        fs.closeSync(made);
      }
    } finally {
      fs.closeSync(from);
    }
    throw new BackupError('IO', 'what was written of a file is not what was read back', {
      path,
      hint: 'Check the disk. Nothing was committed or changed.',
    });
  }

  /** Passes all bytes of an open file to `take`. @returns their SHA-256 */
  async #pass(descriptor: number, take: (bytes: Buffer, position: number) => void): Promise<string> {
    const digest = createHash('sha256');
    this.#buffer ??= Buffer.allocUnsafeSlow(STEP);
    const buffer = this.#buffer;
    for (let position = 0; ; ) {
      const length = fs.readSync(descriptor, buffer, 0, STEP, position);
      if (length === 0) return digest.digest('hex');
      const bytes = buffer.subarray(0, length);
      digest.update(bytes);
      take(bytes, position);
      position += length;
      await setImmediate();
      throwIfAborted(this.#signal);
    }
  }
}

/** Opens a file of ours even if its mode forbids us to read it. */
function openUnreadable(path: string): number {
  try {
    return fs.openSync(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
  }
  const mode = fs.lstatSync(path).mode & 0o7777;
  fs.chmodSync(path, mode | 0o400);
  try {
    return fs.openSync(path, O_RDONLY | O_NOFOLLOW);
  } finally {
    fs.chmodSync(path, mode);
  }
}

/** Says, in a notice, how many names became files of their own. */
export function reportCopies({ count, first }: HardLinks['copied'], { onEvent }: OperationOptions): void {
  if (first === null) return;
  const message =
    count === 1
      ? 'is a copy of its own: this file system makes no further hard link to it'
      : `and ${count - 1} more hard links are copies of their own: this file system makes no links, or no more of them`;
  onEvent?.({ type: 'notice', path: first, message });
}
