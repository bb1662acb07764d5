import { lstatIfAny } from '../system/stat-if-any.ts';

/** Whether there is a directory at a path below `root`, with no link on the way to it. */
export function isDirectoryBelow(root: string, path: string): boolean {
  let at = root;
  return path.split('/').every((name) => {
    at += `/${name}`;
    return lstatIfAny(at)?.isDirectory() === true;
  });
}
