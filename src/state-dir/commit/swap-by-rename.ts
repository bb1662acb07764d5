import { mkdirSync, renameSync } from 'node:fs';
import { BackupError } from '../../errors.ts';
import { fsyncDirectory } from '../../system/fsync-directory.ts';
import type { Location } from '../location.ts';
import { inspectTarget } from '../target-state.ts';
import { applyTop } from '../top-attributes.ts';
import type { SwapJournal } from './journal.ts';
import { inodeAt, moveAside, type SwapResult, swapPaths, topFromJournal } from './swap-paths.ts';

/** Two renames: the previous tree away, the new one in. An empty old directory is simply replaced by the second. */
export function swapByRename(location: Location, journal: SwapJournal): SwapResult {
  const { incoming, kept, target } = swapPaths(location, journal);
  if (kept !== null) renameSync(target, kept);
  const movedAside = bringIn(location, incoming);
  fsyncDirectory(location.directory);
  return { live: 'new', movedAside };
}

/** Puts the new tree in place; whatever appeared there since the old one left goes aside. */
function bringIn(location: Location, incoming: string): string[] {
  try {
    renameSync(incoming, location.target);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
  }
  const aside = moveAside(location, location.target);
  renameSync(incoming, location.target);
  return [aside];
}

/** Rolls back everything that `swapByRename` did, however far it came. */
export function unswapByRename(location: Location, journal: SwapJournal): void {
  const { incoming, kept, target } = swapPaths(location, journal);
  if (inodeAt(incoming) === null && inodeAt(target) === journal.incoming_inode) renameSync(target, incoming);
  if (kept !== null && inodeAt(kept) !== null) renameSync(kept, target);
  if (journal.old_kind === 'empty' && journal.old_top !== null && inodeAt(target) === null) {
    mkdirSync(target, { mode: 0o700 });
    applyTop(target, topFromJournal(journal.old_top));
  }
  fsyncDirectory(location.directory);
}

/**
 * Completes what a killed swap left, by what is on disk:
 *
 * | new tree waits | previous tree kept | state directory | then |
 * |---|---|---|---|
 * | yes | yes | any | it was killed between the renames: finish |
 * | yes | no | as it was | nothing had begun: leave it; a missing or empty one gets the new tree |
 * | no | any | exists | it was done; or was rolled back, if that is the previous tree |
 * | no | yes | missing | the new tree was removed by hand: put the old one back |
 */
export function resumeByRename(location: Location, journal: SwapJournal): SwapResult {
  const result = decideByRename(location, journal);
  fsyncDirectory(location.directory);
  return result;
}

function decideByRename(location: Location, journal: SwapJournal): SwapResult {
  const { incoming, kept, target } = swapPaths(location, journal);
  const waits = inodeAt(incoming) !== null;
  const oldIsKept = inodeAt(kept) !== null;
  const now = inspectTarget(location);
  if (waits) {
    if (oldIsKept || now.kind !== 'content') return { live: 'new', movedAside: bringIn(location, incoming) };
    return { live: 'old', movedAside: [] };
  }
  if (now.inode !== null) return { live: now.inode === journal.old_inode ? 'old' : 'new', movedAside: [] };
  if (kept !== null && oldIsKept) {
    renameSync(kept, target);
    return { live: 'old', movedAside: [] };
  }
  throw new BackupError(
    'NEEDS_RECOVERY',
    'neither the previous state directory nor the new one is where the journal says',
    {
      path: location.target,
      hint: `Look for ${journal.kept ?? journal.incoming} in ${location.directory}; it may have been moved by hand.`,
    },
  );
}
