import type { BytePath } from '../../system/byte-path.ts';
import { databaseSideFiles, type SideFiles } from './database-side-files.ts';

// What a merge does, decided for one path after the other: the plan that is executed and the preview of it ask the same.

/**
 * What happens to a path of the state directory that a merge has something for.
 *
 * - `enter`: both are directories: they are merged, and what is only in the live one stays.
 * - `add`: nothing is there; a directory comes as a whole.
 * - `exchange`: what is there goes out with all that lies below it, and it comes in.
 */
export type MergeAction = 'enter' | 'add' | 'exchange';

/** @param existingIsDirectory whether it is a directory; null where there is none */
export function mergeActionFor(existingIsDirectory: boolean | null, comesAsDirectory: boolean): MergeAction {
  if (existingIsDirectory === null) return 'add';
  return existingIsDirectory && comesAsDirectory ? 'enter' : 'exchange';
}

/**
 * The files beside a path under the names of a database's side files, and which of them go out although nothing takes their places.
 * A directory that is entered, or comes to where nothing is there, has none.
 *
 * @param live where it is, or will
 */
export function sideFilesOf(live: BytePath, action: MergeAction, comesAsDirectory: boolean): SideFiles {
  const isDatabase = action === 'exchange' || (action === 'add' && !comesAsDirectory);
  return isDatabase ? databaseSideFiles(live) : { goes: [], stays: [] };
}
