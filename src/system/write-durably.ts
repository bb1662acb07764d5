import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fsyncDirectory } from './fsync-directory.ts';

export interface DurableWriteOptions {
  /**
   * Name of the file while it is written, in the same directory.
   *
   * @default the path and `.tmp`
   */
  temporary?: string;
  /**
   * What becomes of a file that was not there before and got its name, when that name may not be durable: it is removed, so that
   * after a failure, what was there before is still there.
   *
   * @default false: it stays, complete
   */
  removeNew?: boolean;
}

/**
 * Writes or replaces a small file (mode 0600) as a whole; when this returns, it is durable. When it throws, a file that was there before is
 * whole, in its old form or, if only the directory could not be made durable, in its new one.
 *
 * @throws what the system says
 */
export function writeDurably(path: string, content: string | Uint8Array, options: DurableWriteOptions = {}): void {
  const { temporary = `${path}.tmp`, removeNew = false } = options;
  const isNew = removeNew && lstatSync(path, { throwIfNoEntry: false }) === undefined;
  try {
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    fsyncDirectory(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    if (isNew) rmSync(path, { force: true });
    throw error;
  }
}
