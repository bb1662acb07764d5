import type { Entry } from '../format/entry.ts';

/** In what an entry differs. `link`: the target of a link, or whether a name is a file or a hard link. */
export type Aspect = 'type' | 'content' | 'mode' | 'owner' | 'mtime' | 'link';

/** One difference between two states. */
export interface Change {
  /** Relative to the state directory. */
  path: string;
  /** The section that counts the entry; null if none does. */
  section: string | null;
  /** What happened to the entry. */
  kind: 'added' | 'removed' | 'changed';
  /** In what it changed; empty if it was added or removed. */
  aspects: Aspect[];
  /** The entry before; absent if it was added. */
  before?: Entry;
  /** The entry after; absent if it was removed. A file in a directory has a `sha256` only if its content was read. */
  after?: Entry;
}

/** What two sides can be compared in. */
export interface Precision {
  /** Finest difference between times that means something, in nanoseconds. */
  timeUnit: number;
  owners: boolean;
}

/** Aspects, apart from content, in which two entries of one path differ. */
export function differingAspects(before: Entry, after: Entry, { timeUnit, owners }: Precision): Aspect[] {
  // Of two different things nothing else is worth comparing.
  if (before.type !== after.type && !(isRegular(before) && isRegular(after))) return ['type'];
  const aspects: Aspect[] = [];
  if (before.link !== after.link) aspects.push('link');
  // A symbolic link has no permissions of its own.
  const hasMode = before.type !== 'symlink' && after.type !== 'symlink';
  if (hasMode && before.mode !== after.mode) aspects.push('mode');
  if (owners && (before.uid !== after.uid || before.gid !== after.gid)) aspects.push('owner');
  if (!sameInstant(before, after, timeUnit) && !isCoarserCopy(before, after) && !isCoarserCopy(after, before))
    aspects.push('mtime');
  return aspects;
}

/** Two names of one file are both of a regular file. */
function isRegular({ type }: Entry): boolean {
  return type === 'file' || type === 'hardlink';
}

/** Whether two times are the same as far as both sides hold times: nothing was written in between. */
export function sameInstant(before: Entry, after: Entry, unit: number): boolean {
  return before.mtime === after.mtime && Math.floor(before.mtimeNs / unit) === Math.floor(after.mtimeNs / unit);
}

/**
 * Whether one of two times is the other as a coarser clock holds it: in milliseconds (a `Date` of JavaScript), in
 * tens of them (exFAT), in whole or every other second (HFS+, FAT). That is what a restore makes of a time; it does not show that nothing was written.
 */
function isCoarserCopy(coarse: Entry, fine: Entry): boolean {
  if (coarse.mtimeNs > 0) {
    const isCut = (unit: number) => coarse.mtimeNs === fine.mtimeNs - (fine.mtimeNs % unit);
    return coarse.mtime === fine.mtime && (isCut(1_000_000) || isCut(10_000_000));
  }
  const seconds = fine.mtime - coarse.mtime;
  return (seconds === 0 && fine.mtimeNs > 0) || (seconds === 1 && coarse.mtime % 2 === 0);
}
