import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { compileUserExcludes } from '../patterns/excludes.ts';
import { isDefaultSnapshotName } from '../storage/snapshot-name.ts';

/** About what a snapshot will hold. */
export interface ExpectedAmount {
  entries: number;
  bytes: number;
}

/** Files whose sizes are looked at; further ones count as these do on average. It bounds what the count costs. */
const MOST_SIZES = 10_000;
const SIZES_PER_TURN = 250;
/** Where Oxios puts its own backups, which are excluded. */
const BACKUPS = 'backups';

/**
 * Counts about what a snapshot of a directory will hold, a little at a time. What cannot be looked at counts for nothing.
 *
 * @param root absolute path of the state directory
 * @returns null if it was aborted
 */
export async function countAhead(
  root: string,
  excludes: readonly string[],
  signal: AbortSignal,
): Promise<ExpectedAmount | null> {
  const isExcluded = compileUserExcludes(excludes);
  let entries = 0;
  let files = 0;
  const sized = { files: 0, bytes: 0 };
  // Top-down, level by level: large files seldom lie deep.
  const folders = [''];
  for (const folder of folders) {
    await setImmediate();
    for (const child of childrenOf(`${root}/${folder}`)) {
      const path = folder + child.name;
      const isDirectory = child.isDirectory();
      if (isNoState(path, child) || isExcluded(path, isDirectory) !== null) continue;
      entries++;
      if (isDirectory) folders.push(`${path}/`);
      if (!child.isFile()) continue;
      files++;
      if (sized.files >= MOST_SIZES) continue;
      sized.bytes += sizeOf(`${root}/${path}`);
      if (++sized.files % SIZES_PER_TURN === 0) await setImmediate();
    }
    if (signal.aborted) return null;
  }
  const unsized = files - sized.files;
  return { entries, bytes: sized.bytes + (unsized === 0 ? 0 : Math.round((sized.bytes / sized.files) * unsized)) };
}

/** What is most likely large of all that the capture excludes by rules of its own. */
function isNoState(path: string, child: Dirent): boolean {
  return (path === BACKUPS && child.isDirectory()) || isDefaultSnapshotName(child.name);
}

function childrenOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // The capture reports whether it is missing.
    return [];
  }
}

function sizeOf(file: string): number {
  return lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
