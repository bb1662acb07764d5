import { lstatSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { bytePath } from '../system/byte-path.ts';
import { LiveSpelling } from './merge/live-spelling.ts';

/**
 * An absolute path with every name on the way spelled as it is stored. Where names fold, one directory is found under many
 * spellings; this is the same for all of them. Symbolic links stay as they are. What is missing keeps its spelling.
 */
export function storedPath(path: string): string {
  const absolute = resolve(path);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(storedPath(parent), storedName(absolute));
}

/** The name under which what `path` finds is stored; its own where nothing is found, or the parent may not be listed. */
export function storedName(path: string): string {
  const [parent, name] = [dirname(path), basename(path)];
  try {
    const stats = name === '' ? undefined : lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? name : new LiveSpelling().of(bytePath(parent), bytePath(name), stats).toString();
  } catch {
    // Opening it reports why it cannot be reached.
    return name;
  }
}
