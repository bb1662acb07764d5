import fs from 'node:fs';
import type { Entry } from '../format/entry.ts';
import { comparePaths } from '../format/path-order.ts';
import type { Selection } from '../patterns/selection.ts';
import { applyTop, readTop } from '../state-dir/top-attributes.ts';
import { within } from '../system/near-path.ts';
import { fromSystemError } from '../system-errors.ts';
import { isDirectoryBelow } from './live-directory.ts';
import type { ExtractedTree } from './tree-writer.ts';

/**
 * Leaves of a tree what was asked for. A file that was extracted because a wanted hard link is another name of it goes, and so do the
 * directories that held nothing else. Not yet after `finishDirectories`: a directory may have a mode that keeps its names as they are.
 *
 * @param root where the tree is
 * @returns the tree without what went, and how many files and directories that was
 */
export function removeUnwanted(
  tree: ExtractedTree,
  selection: Selection,
  root: string,
): { left: ExtractedTree; files: number; directories: number } {
  try {
    const files = removeUnwantedTargets(tree.links, selection, root);
    const gone = new Set<Entry>();
    for (const entry of leadingDirectories(tree, selection)) {
      within(root, entry.path, (absolute) => {
        if (fs.readdirSync(absolute).length > 0) return;
        fs.rmdirSync(absolute);
        gone.add(entry);
      });
    }
    const left = { ...tree, directories: tree.directories.filter((entry) => !gone.has(entry)) };
    return { left, files, directories: gone.size };
  } catch (error) {
    throw fromSystemError(error, 'restore a part of the snapshot', root);
  }
}

/**
 * A directory that only leads to what was asked for looks as it does in the live tree, if it is there.
 *
 * @param live the state directory that the tree will be merged with
 */
export function keepLiveAttributes(tree: ExtractedTree, selection: Selection, root: string, live: string): void {
  try {
    for (const { path } of leadingDirectories(tree, selection)) {
      if (!isDirectoryBelow(live, path)) continue;
      within(root, path, (absolute) => applyTop(absolute, readTop(`${live}/${path}`)));
    }
  } catch (error) {
    throw fromSystemError(error, 'restore a part of the snapshot', root);
  }
}

/** Those that nobody asked for themselves, deep down first. */
function leadingDirectories({ directories }: ExtractedTree, selection: Selection): Entry[] {
  return directories.filter(({ path }) => !selection.wants(path, true)).sort((a, b) => comparePaths(b.path, a.path));
}

function removeUnwantedTargets(links: readonly Entry[], selection: Selection, root: string): number {
  const targets = new Set(links.filter(({ type }) => type === 'hardlink').map(({ link }) => link as string));
  let removed = 0;
  for (const target of targets) {
    if (selection.wants(target, false)) continue;
    within(root, target, fs.unlinkSync);
    removed++;
  }
  return removed;
}
