import { lstatSync, readlinkSync } from 'node:fs';
import { listDirectory } from '../capture/directory-names.ts';
import { type Entry, splitTime } from '../format/entry.ts';
import { fromSystemError } from '../system-errors.ts';

/**
 * Everything that is in a directory, in the order of a snapshot: unlike a capture, also what is not state, for a restore that
 * replaces the directory moves that away too. Sockets, pipes and devices are passed over: they go with the process that made them.
 *
 * A name of several that a file has counts as a file of its own. Names that are not UTF-8 are passed over.
 *
 * @param isLeft names at the top that a restore leaves where they are
 */
export function* liveTree(root: string, isLeft: (name: string) => boolean): Generator<Entry, void, void> {
  const top = listNames(root).filter((name) => !isLeft(name));
  yield* walk(root, '', top);
}

function* walk(root: string, inside: string, names: readonly string[]): Generator<Entry, void, void> {
  for (const name of names) {
    const path = inside + name;
    const entry = look(`${root}/${path}`, path);
    if (entry === null) continue;
    yield entry;
    if (entry.type === 'directory') yield* walk(root, `${path}/`, listNames(`${root}/${path}`));
  }
}

function listNames(absolute: string): string[] {
  try {
    return listDirectory(absolute).names;
  } catch (error) {
    throw fromSystemError(error, 'look at the state directory', absolute);
  }
}

function look(absolute: string, path: string): Entry | null {
  const stat = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  const common = {
    path,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    ...splitTime(stat.mtimeNs),
  };
  if (stat.isFile()) return { ...common, type: 'file', size: Number(stat.size) };
  if (stat.isDirectory()) return { ...common, type: 'directory', size: 0 };
  if (!stat.isSymbolicLink()) return null;
  return { ...common, type: 'symlink', size: 0, link: readlinkSync(absolute) };
}
