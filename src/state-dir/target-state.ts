import { lstatSync } from 'node:fs';
import { BackupError } from '../errors.ts';
import { type BytePath, childNames } from '../system/byte-path.ts';
import { isSystemName, isVolumeName } from '../system/system-names.ts';
import { RESERVED_DIRECTORY } from './artifact-names.ts';
import type { Location } from './location.ts';

/** What is where the restored tree is to go. */
export interface TargetState {
  kind: 'missing' | 'empty' | 'content';
  /** Whether that is nobody's: there is nothing, or only what systems put into directories by themselves. */
  isVacant: boolean;
  /** Distinguishes the directory from another one of the same name; null if there is none. */
  inode: string | null;
}

/**
 * Whether a name at the top of the state directory stays where it is when that is replaced. Moved child by child, what is ours stays, and
 * what a system keeps at the top of a volume.
 */
export function isLeftInPlace(name: string, { strategy }: Pick<Location, 'strategy'>): boolean {
  return strategy === 'children' && (name === RESERVED_DIRECTORY || isVolumeName(name));
}

/** The names at the top of the state directory that a replacement moves, sorted. */
export function stateNames(location: Location): BytePath[] {
  return childNames(location.target).filter((name) => !isLeftInPlace(name.toString(), location));
}

export function inspectTarget(location: Location): TargetState {
  const stats = lstatSync(location.target, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return { kind: 'missing', isVacant: true, inode: null };
  if (!stats.isDirectory()) {
    throw new BackupError('TARGET_NOT_DIRECTORY', 'the state directory is no longer a directory', {
      path: location.target,
      hint: 'Look at what is there now.',
    });
  }
  const names = stateNames(location);
  return {
    kind: names.length === 0 ? 'empty' : 'content',
    isVacant: names.every((name) => isSystemName(name.toString())),
    inode: String(stats.ino),
  };
}

/**
 * Why content prevents a restore without a mode for it.
 *
 * @param partial whether a part of a snapshot is restored, which cannot take the place of everything
 */
export function notEmptyError(target: string, partial: boolean): BackupError {
  return new BackupError('TARGET_NOT_EMPTY', 'the state directory is not empty', {
    path: target,
    hint: partial
      ? "Add `mode: 'merge'` to put what you named among what is there (what it replaces is kept)."
      : "Add `mode: 'replace'` to put the snapshot in its place (the previous state is kept), or `mode: 'merge'` to add to it.",
  });
}

/** Why content does that came while the snapshot was being restored: somebody works there by now. */
export function filledError(target: string): BackupError {
  return new BackupError('TARGET_NOT_EMPTY', 'something was put into the state directory while it was being restored', {
    path: target,
    hint: "Stop what writes there and look at what it put there; `mode: 'merge'` would add the snapshot to it.",
  });
}
