import { type BigIntStats, closeSync, openSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSameFile } from '../system/file-key.ts';
import { HERE } from '../system/platform.ts';
import type { LiveSource } from './capture-item.ts';

/** Where the system says that an open file lies, or null where it does not say. Linux only. */
function pathOfOpen(fd: number): string | null {
  if (!HERE.hasProc) return null;
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // A system without /proc.
    return null;
  }
}

/**
 * Whether an open file lies where its path says: `O_NOFOLLOW` guards the last component only, and a directory on the
 * way may have become a link to elsewhere since it was listed.
 */
export class PathGuard {
  readonly #root: string;
  #real: string | null | undefined;

  /** @param root absolute path of the state directory, ending with `/`; links on the way to it are trusted */
  constructor(root: string) {
    this.#root = root;
  }

  /** Whether the directory that the file was opened in is the one of `absolute`; true where the system cannot say. */
  #holds(fd: number, absolute: string): boolean {
    const found = pathOfOpen(fd);
    this.#real ??= this.#realRoot();
    if (found === null || this.#real === null || !absolute.startsWith(this.#root)) return true;
    // The name itself is not compared: " (deleted)" follows that of a file that was replaced again.
    return dirname(found) === dirname(this.#real + absolute.slice(this.#root.length));
  }

  /** Whether an open file is another than the one that was listed there, and lies elsewhere. */
  hasLost(fd: number, stat: BigIntStats, { absolute, expect }: LiveSource): boolean {
    return !isSameFile(stat, expect) && !this.#holds(fd, absolute);
  }

  #realRoot(): string | null {
    const fd = openSync(this.#root, 'r');
    try {
      const real = pathOfOpen(fd);
      return real === null || real.endsWith('/') ? real : `${real}/`;
    } finally {
      closeSync(fd);
    }
  }
}
