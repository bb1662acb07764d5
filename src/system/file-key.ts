import { realpathSync } from 'node:fs';
import { lstatIfAny } from './stat-if-any.ts';

/** What distinguishes one file from another. */
export interface FileKey {
  dev: bigint;
  ino: bigint;
}

/** Whether it is the same file, in whatever state. */
export function isSameFile(a: FileKey, b: FileKey): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/** Whether two paths, which end in no link that is followed, find the same file. */
export function isFoundAtBoth(path: string | Buffer, other: string | Buffer): boolean {
  const [a, b] = [path, other].map(lstatIfAny);
  return a !== undefined && b !== undefined && isSameFile(a, b);
}

/** Whether two paths are the same, or lead to the same directory. */
export function isSameDirectory(a: string, b: string): boolean {
  try {
    return a === b || realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}
