import { lstatSync, type Stats } from 'node:fs';
import type { Entry } from '../format/entry.ts';
import { comparePaths, isBelow, parentOf } from '../format/path-order.ts';
import type { EntryRuns } from '../read/read-entries.ts';
import { LiveSpelling } from '../state-dir/merge/live-spelling.ts';

/**
 * Planned entries under the names under which what is in their places is stored: on a file system that folds names, `notes.json` takes the
 * place of `Notes.json`. Where all names are the same, nothing is collected.
 *
 * @param target a directory
 * @param planned what is to come there, in the order of a snapshot
 * @param entries the same, or a part of it; to be gone through once
 * @returns `entries`, in the order of a snapshot
 */
export async function* asStored(target: string, planned: EntryRuns, entries: EntryRuns): EntryRuns {
  const stored = await storedPaths(target, planned);
  const renamed: Entry[] = [];
  for await (const run of entries) {
    if (stored.size === 0) yield run;
    else for (const entry of run) renamed.push({ ...entry, path: storedPath(entry.path, stored) });
  }
  yield renamed.sort((a, b) => comparePaths(a.path, b.path));
}

/** Paths that are stored another way, parents first. */
async function storedPaths(target: string, planned: EntryRuns): Promise<Map<string, string>> {
  const spelling = new LiveSpelling();
  const stored = new Map<string, string>();
  let missing: string | null = null;
  for await (const run of planned) {
    for (const { path, type } of run) {
      if (missing !== null && isBelow(path, missing)) continue;
      const name = path.slice(path.lastIndexOf('/') + 1);
      const parent = parentOf(path);
      const inside = parent === '' ? '' : `${storedPath(parent, stored)}/`;
      const existing = lstatSync(`${target}/${inside}${name}`, { throwIfNoEntry: false });
      // Nothing of what lies below can be there.
      if (type === 'directory' && existing?.isDirectory() !== true) missing = path;
      const found = existing === undefined ? name : nameOf(spelling, `${target}/${inside}`, name, existing);
      if (inside + found !== path) stored.set(path, inside + found);
    }
  }
  return stored;
}

function nameOf(spelling: LiveSpelling, inside: string, name: string, existing: Stats): string {
  return spelling.of(Buffer.from(inside.slice(0, -1)), Buffer.from(name), existing).toString();
}

function storedPath(path: string, stored: ReadonlyMap<string, string>): string {
  const known = stored.get(path);
  if (known !== undefined || path === '') return known ?? '';
  const parent = parentOf(path);
  return parent === '' ? path : `${storedPath(parent, stored)}${path.slice(parent.length)}`;
}
