import fs from 'node:fs';
import { BackupError } from '../errors.ts';
import type { Entry } from '../format/entry.ts';
import { blockEntries } from '../format/index-block.ts';
import type { BlockLocation } from '../read/index-reader.ts';
import { readBlock } from '../read/index-reader.ts';
import { blockOfPath } from '../read/judge-snapshot.ts';
import type { SealedSnapshot } from '../read/open-snapshot.ts';
import { type SelectedEntries, type Selection, selectEntries } from '../read/selection.ts';

/** What of a block is to be extracted; `only` null means all of it. */
export interface BlockPlan {
  block: BlockLocation;
  only: number[] | null;
}

/** What is to be extracted of a sealed snapshot. */
export interface ExtractionPlan {
  blocks: BlockPlan[];
  entries: number;
  files: number;
  /** Content, uncompressed. */
  bytes: number;
}

/** A plan for the whole snapshot. */
export function planAll(snapshot: SealedSnapshot): ExtractionPlan {
  const { entries, files, bytes } = snapshot.root.totals;
  return { blocks: snapshot.blocks.map((block) => ({ block, only: null })), entries, files, bytes };
}

/**
 * A plan for the entries that are wanted, the directories that they lie in, and the files that wanted hard links are other names of.
 *
 * @throws BackupError `ENTRY_NOT_FOUND` when nothing is wanted
 */
export function planSelection(snapshot: SealedSnapshot, selection: Selection): ExtractionPlan {
  const selected = new Map<BlockLocation, SelectedEntries>();
  const extra = new Set<string>();
  for (const block of snapshot.blocks) {
    const picked = selectEntries(blockEntries(readBlock(snapshot.index, block)), selection);
    if (picked.numbers.length === 0) continue;
    selected.set(block, picked);
    for (const path of [...picked.parents, ...picked.targets]) extra.add(path);
  }
  if (selected.size === 0) {
    throw new BackupError('ENTRY_NOT_FOUND', 'the snapshot holds nothing of what was asked for', {
      hint: 'Look at what it holds with "oxios-backup list".',
    });
  }
  const plan: ExtractionPlan = { blocks: [], entries: 0, files: 0, bytes: 0 };
  const touched = new Set(selected.keys());
  for (const path of extra) {
    const block = blockOfPath(snapshot.blocks, path);
    if (block !== undefined) touched.add(block);
  }
  for (const block of snapshot.blocks) {
    if (!touched.has(block)) continue;
    const wanted = new Set(selected.get(block)?.numbers);
    const only: number[] = [];
    for (const [number, entry] of blockEntries(readBlock(snapshot.index, block)).entries()) {
      if (!wanted.has(number) && !extra.has(entry.path)) continue;
      only.push(number);
      countEntry(plan, entry);
    }
    if (only.length > 0) plan.blocks.push({ block, only });
  }
  return plan;
}

function countEntry(plan: ExtractionPlan, entry: Entry): void {
  plan.entries++;
  if (entry.type !== 'file') return;
  plan.files++;
  plan.bytes += entry.size;
}

/**
 * Refuses what cannot fit, before anything is written.
 *
 * @param further bytes that are needed besides
 * @throws BackupError `NO_SPACE`
 */
export function assertSpace(
  directory: string,
  need: { entries: number; files: number; bytes: number },
  further = 0,
): void {
  const { bavail, bsize, ffree, files: inodes } = fs.statfsSync(directory);
  // A file's last block is half empty on average.
  const bytes = need.bytes + further + (need.files * bsize) / 2;
  if (bytes > bavail * bsize) {
    throw new BackupError(
      'NO_SPACE',
      `the restore needs ${Math.ceil(bytes / 2 ** 20)} MiB, ${directory} has ${Math.floor((bavail * bsize) / 2 ** 20)} MiB left`,
      {
        path: directory,
        hint: 'Free some space there. The new tree is made beside the old one, which stays until it is proven.',
      },
    );
  }
  if (inodes > 0 && need.entries > ffree) {
    throw new BackupError(
      'NO_SPACE',
      `the restore needs ${need.entries} files and directories, ${directory} has room for ${ffree}`,
      {
        path: directory,
        hint: 'Delete files there, or choose another file system.',
      },
    );
  }
}
