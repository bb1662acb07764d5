/** How much a state holds. */
export interface HeldAmount {
  /** Number of files. */
  files: number;
  /** Bytes of contents, uncompressed. */
  bytes: number;
}

/** A state that shrinks by more than this share, in files or in bytes, has dropped: it may be half of what it should be. */
export const DROP = 0.5;

/**
 * Whether a state shrank by more than a share of it.
 *
 * @param share from 0 to 1
 */
export function hasShrunk(before: HeldAmount, after: HeldAmount, share: number): boolean {
  return lost(before.files, after.files) > share || lost(before.bytes, after.bytes) > share;
}

function lost(before: number, after: number): number {
  return before === 0 ? 0 : (before - after) / before;
}

/**
 * The snapshots from before a drop. The newest one is always among them. An older one only if it holds more than twice what those after it
 * that are among them hold: so a state that shrinks step by step keeps each step, and one that goes up and down every week keeps one.
 *
 * @param snapshots of one source, newest first
 */
export function beforeDrops<T extends HeldAmount>(snapshots: readonly T[]): T[] {
  const found: T[] = [];
  for (const [at, snapshot] of snapshots.entries()) {
    const next = at === 0 ? undefined : snapshots[at - 1];
    if (next === undefined || !hasShrunk(snapshot, next, DROP)) continue;
    if (found.every((kept) => hasShrunk(snapshot, kept, DROP))) found.push(snapshot);
  }
  return found;
}
