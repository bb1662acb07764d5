import fs from 'node:fs';
import path from 'node:path';
import { fromSystemError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { comparePaths } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import { setEntryTime, type UnheldTimes } from './entry-time.ts';
import type { ExtractedTree, TreeWriterOptions } from './tree-writer.ts';

/**
 * Finishes a tree whose files are all written: makes the links, then gives the directories their modes and times, those deep
 * down first.
 */
export function completeTree(tree: ExtractedTree, options: TreeWriterOptions): void {
  for (const entry of tree.links) attempt(entry, () => makeLink(entry, options, tree.unheldTimes));
  const directories = tree.directories.sort((a, b) => comparePaths(b.path, a.path));
  for (const entry of directories)
    attempt(entry, () => setAttributes(`${options.root}/${entry.path}`, entry, options, tree.unheldTimes));
}

function makeLink(entry: Entry, { root, sameOwner }: TreeWriterOptions, unheld: UnheldTimes): void {
  const absolute = `${root}/${entry.path}`;
  const target = entry.link as string;
  // An archive from elsewhere need not hold the directories that its entries lie in.
  fs.mkdirSync(path.dirname(absolute), { recursive: true, mode: 0o700 });
  if (entry.type === 'hardlink') {
    fs.linkSync(`${root}/${target}`, absolute);
    return;
  }
  fs.symlinkSync(target, absolute);
  if (sameOwner) fs.lchownSync(absolute, entry.uid, entry.gid);
  setEntryTime(
    entry,
    unheld,
    (time) => fs.lutimesSync(absolute, time, time),
    () => fs.lstatSync(absolute).mtimeMs,
  );
}

/** Gives a directory its owner, mode and times. */
function setAttributes(absolute: string, entry: Entry, options: TreeWriterOptions, unheld: UnheldTimes): void {
  if (options.sameOwner) fs.chownSync(absolute, entry.uid, entry.gid);
  fs.chmodSync(absolute, entry.mode);
  setEntryTime(
    entry,
    unheld,
    (time) => fs.utimesSync(absolute, time, time),
    () => fs.statSync(absolute).mtimeMs,
  );
}

function attempt(entry: Entry, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw fromSystemError(error, `restore "${printable(entry.path)}"`, entry.path);
  }
}
