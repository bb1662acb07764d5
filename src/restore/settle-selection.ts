import fs from 'node:fs';
import { fromSystemError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { comparePaths } from '../format/path-order.ts';
import type { Selection } from '../read/selection.ts';
import { isDirectoryBelow } from './live-directory.ts';
import { applyTop, readTop } from './publish/top-attributes.ts';
import type { ExtractedTree } from './tree-writer.ts';

/**
 * Leaves of a completed tree what was asked for. A file that was extracted because a wanted hard link is another name of it goes, and so
 * do the directories that held nothing else. A directory that only leads to what was asked for looks as it does in the live tree, if it is there.
 *
 * @param root the completed tree
 * @param live the state directory that it will be merged with, or null
 * @returns how many files and directories went
 */
export function settleSelection(
  tree: ExtractedTree,
  selection: Selection,
  root: string,
  live: string | null,
): { files: number; directories: number } {
  try {
    const files = removeUnwantedTargets(tree.links, selection, root);
    const leading = tree.directories
      .filter(({ path }) => !selection.wants(path, true))
      .sort((a, b) => comparePaths(b.path, a.path));
    let directories = 0;
    for (const { path } of leading) {
      const absolute = `${root}/${path}`;
      if (fs.readdirSync(absolute).length === 0) {
        fs.rmdirSync(absolute);
        directories++;
      } else if (live !== null && isDirectoryBelow(live, path)) {
        applyTop(absolute, readTop(`${live}/${path}`));
      }
    }
    return { files, directories };
  } catch (error) {
    throw fromSystemError(error, 'restore a part of the snapshot', root);
  }
}

function removeUnwantedTargets(links: readonly Entry[], selection: Selection, root: string): number {
  const targets = new Set(links.filter(({ type }) => type === 'hardlink').map(({ link }) => link as string));
  let removed = 0;
  for (const target of targets) {
    if (selection.wants(target, false)) continue;
    fs.unlinkSync(`${root}/${target}`);
    removed++;
  }
  return removed;
}
