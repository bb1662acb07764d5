import { lstatSync, statSync } from 'node:fs';

/** What is wrong with a path where a folder is wanted and none is, to follow the path: "does not exist". */
export function whyNoFolder(path: string): string {
  try {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return 'is a file, not a folder';
    return lstatSync(path, { throwIfNoEntry: false }) === undefined ? 'does not exist' : 'is a link to nothing';
  } catch (error) {
    const isBelowFile = (error as NodeJS.ErrnoException).code === 'ENOTDIR';
    return isBelowFile ? 'does not exist: a part of that path is a file' : 'does not exist';
  }
}
