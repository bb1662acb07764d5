import { lstatSync, type Stats } from 'node:fs';
import { namesIn } from './attempt.ts';

/** Total length of all files below a directory, as far as it can be looked at. */
export function treeSize(absolute: string): number {
  let total = 0;
  const folders = [absolute];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of namesIn(folder)) {
      const path = `${folder}/${name}`;
      const stat = statOf(path);
      if (stat?.isDirectory()) folders.push(path);
      else if (stat?.isFile()) total += stat.size;
    }
  }
  return total;
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    // In a folder that may be listed and not entered.
    return undefined;
  }
}
