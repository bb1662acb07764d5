import { lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { BytePath } from '../../system/byte-path.ts';
import type { Location } from '../location.ts';
import type { KnownTopAttributes } from '../top-attributes.ts';
import { nextAsidePath } from '../undo/previous-states.ts';
import type { SwapJournal } from './journal.ts';

/** What a swap came to. */
export interface SwapResult {
  live: 'new' | 'old';
  /** Things of somebody else that were in the way, under the names that they have now. */
  movedAside: string[];
}

export interface SwapPaths {
  incoming: string;
  kept: string | null;
  target: string;
}

export function swapPaths(location: Location, journal: SwapJournal): SwapPaths {
  return {
    incoming: join(location.directory, journal.incoming),
    kept: journal.kept === null ? null : join(location.directory, journal.kept),
    target: location.target,
  };
}

/** The inode at `path`, as the journal writes it, or null. */
export function inodeAt(path: string | BytePath | null): string | null {
  const stats = path === null ? undefined : lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : String(stats.ino);
}

/** Moves a whole tree out of the way: one that appeared where the state directory was missing for a moment. */
export function moveAside(location: Location, path: string): string {
  const aside = nextAsidePath(location);
  renameSync(path, aside);
  return aside;
}

export function topFromJournal(top: SwapJournal['incoming_top']): KnownTopAttributes {
  return { mode: top.mode, uid: top.uid, gid: top.gid, mtimeNs: BigInt(top.mtime_ns) };
}

export function topForJournal(top: KnownTopAttributes): SwapJournal['incoming_top'] {
  return { mode: top.mode, uid: top.uid, gid: top.gid, mtime_ns: String(top.mtimeNs) };
}
