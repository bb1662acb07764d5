import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { comparePaths } from '../format/path-order.ts';
import { printable } from '../format/printable.ts';
import { setEntryTime, type UnheldTimes } from '../system/entry-time.ts';
import { within } from '../system/near-path.ts';
import { fromSystemError } from '../system-errors.ts';
import { throwIfAborted } from '../workers/abort.ts';
import { HardLinks } from './hard-links.ts';
import type { ExtractedTree, TreeWriterOptions } from './tree-writer.ts';

const LINKS_PER_TURN = 500;

/**
 * Makes the links of a tree whose files are all written. What the tree is to lose goes after this, while every directory may be
 * written; `finishDirectories` ends it.
 *
 * @returns the hard links that became files of their own
 */
export async function makeLinks(
  tree: ExtractedTree,
  options: TreeWriterOptions,
  signal: AbortSignal | undefined,
): Promise<HardLinks['copied']> {
  const hardLinks = new HardLinks(options.root, options.holes, signal);
  for (const [at, entry] of tree.links.entries()) {
    try {
      await makeLink(entry, options, hardLinks, tree.unheldTimes);
    } catch (error) {
      throw said(error, entry);
    }
    if (at % LINKS_PER_TURN !== LINKS_PER_TURN - 1) continue;
    await setImmediate();
    throwIfAborted(signal);
  }
  return hardLinks.copied;
}

/** Gives the directories their owners, modes and times, those deep down first. */
export function finishDirectories(tree: ExtractedTree, options: TreeWriterOptions): void {
  const directories = tree.directories.sort((a, b) => comparePaths(b.path, a.path));
  for (const entry of directories) {
    try {
      within(options.root, entry.path, (absolute) => setAttributes(absolute, entry, options, tree.unheldTimes));
    } catch (error) {
      throw said(error, entry);
    }
  }
}

async function makeLink(
  entry: Entry,
  options: TreeWriterOptions,
  hardLinks: HardLinks,
  unheld: UnheldTimes,
): Promise<void> {
  const { root } = options;
  // A foreign archive need not hold the directories that its entries lie in.
  const makeParent = (absolute: string) => fs.mkdirSync(path.dirname(absolute), { recursive: true, mode: 0o700 });
  within(root, entry.path, makeParent, { makeParents: true });
  if (entry.type === 'symlink') {
    within(root, entry.path, (absolute) => makeSymlink(absolute, entry, options, unheld));
  } else if (await hardLinks.make(entry)) {
    within(root, entry.path, (absolute) => setAttributes(absolute, entry, options, unheld));
  }
}

function makeSymlink(absolute: string, entry: Entry, { sameOwner }: TreeWriterOptions, unheld: UnheldTimes): void {
  fs.symlinkSync(entry.link as string, absolute);
  if (sameOwner) fs.lchownSync(absolute, entry.uid, entry.gid);
  setEntryTime(
    entry,
    unheld,
    (time) => fs.lutimesSync(absolute, time, time),
    () => fs.lstatSync(absolute).mtimeMs,
  );
}

/** Gives a directory or a file its owner, mode and times. */
function setAttributes(absolute: string, entry: Entry, options: TreeWriterOptions, unheld: UnheldTimes): void {
  if (options.sameOwner) fs.chownSync(absolute, entry.uid, entry.gid);
  if (options.modes) fs.chmodSync(absolute, entry.mode);
  setEntryTime(
    entry,
    unheld,
    (time) => fs.utimesSync(absolute, time, time),
    () => fs.statSync(absolute).mtimeMs,
  );
}

function said(error: unknown, entry: Entry): BackupError {
  return fromSystemError(error, `restore "${printable(entry.path)}"`, entry.path);
}
