import type { Entry } from '../format/entry.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { comparePaths, isBelow, parentOf } from '../format/path-order.ts';
import { assertSafePath, isPath, MANIFEST_PATH, MAX_PATH_BYTES } from '../format/path-rules.ts';
import { documentFolder } from '../state-dir/sections.ts';
import { formatPaths, type Problem, problemOf } from './problem.ts';
import { noteUnusual, noUnusualNames, type UnusualNames } from './unusual-names.ts';

/** A link, as far as its safety needs it. */
export interface LinkEntry {
  path: string;
  type: 'symlink' | 'hardlink';
  link: string;
  /** Of a hard link: what it must have in common with its file. */
  attributes: string;
}

/** What judging a run of entries found out. Runs are joined in `SnapshotValidator`. */
export interface BlockValidation {
  problems: Problem[];
  first: string;
  last: string;
  counts: { entries: number; files: number; directories: number; symlinks: number; hardLinks: number; bytes: number };
  /** Documents by section. */
  sections: Record<string, number>;
  /** Directories that must stand before this run, for an entry of it lies in them. */
  needs: string[];
  /** Directories of this run that hold its last entry, or are it. */
  openDirectories: string[];
  links: LinkEntry[];
  /** Bytes of content that are whole pieces of zeros. Not for entries to tell: their block does. */
  holes: number;
  unusual: UnusualNames;
}

/**
 * Validates the entries of one block by what they say of themselves and of each other: names, order, parents, modes, links' form.
 *
 * @param platform where they would be written
 * @param folders those whose documents are counted; null counts all
 */
export function validateBlock(
  entries: readonly Entry[],
  platform: NodeJS.Platform,
  folders: ReadonlySet<string> | null,
): BlockValidation {
  const problems: Problem[] = [];
  const counts = { entries: entries.length, files: 0, directories: 0, symlinks: 0, hardLinks: 0, bytes: 0 };
  const sections: Record<string, number> = Object.create(null);
  const needs = new Set<string>();
  const links: LinkEntry[] = [];
  const unusual = noUnusualNames();
  let open: string[] = [];
  let previous: string | null = null;
  for (const entry of entries) {
    const { path } = entry;
    try {
      assertSafePath(path, platform);
    } catch (error) {
      problems.push(problemOf(error, [path]));
    }
    if (path === MANIFEST_PATH) {
      problems.push({ code: 'ENTRY_DUPLICATE', message: 'the snapshot holds a second manifest.json', paths: [path] });
    }
    if (previous !== null) {
      const order = comparePaths(previous, path);
      if (order === 0)
        problems.push({
          code: 'ENTRY_DUPLICATE',
          message: `the snapshot holds ${formatPaths([path])} twice`,
          paths: [path],
        });
      if (order > 0)
        problems.push({
          code: 'ENTRY_ORDER',
          message: `${formatPaths([path])} is in the wrong place of the snapshot`,
          paths: [path],
        });
    }
    previous = path;
    noteUnusual(unusual, path);
    const parent = parentOf(path);
    while (open.length > 0 && open.at(-1) !== parent && !isBelow(path, open.at(-1) as string)) open.pop();
    if (parent !== '' && open.at(-1) !== parent) needs.add(parent);
    if (entry.type === 'directory') {
      counts.directories++;
      open.push(path);
    } else if (entry.type === 'file') {
      counts.files++;
      counts.bytes += entry.size;
    } else {
      if (entry.type === 'symlink') counts.symlinks++;
      else counts.hardLinks++;
      const attributes = entry.type === 'hardlink' ? attributesOf(entry) : '';
      links.push({ path, type: entry.type, link: entry.link as string, attributes });
      validateLinkForm(entry, problems);
    }
    const setId = setIdProblem(entry);
    if (setId !== null) problems.push(setId);
    const section = documentFolder(path);
    if (section !== null && (folders?.has(section) ?? true)) sections[section] = (sections[section] ?? 0) + 1;
  }
  const last = previous ?? '';
  open = open.filter((directory) => directory === last || isBelow(last, directory));
  return {
    problems,
    first: entries[0]?.path ?? '',
    last,
    counts,
    sections,
    needs: [...needs],
    openDirectories: open,
    links,
    holes: 0,
    unusual,
  };
}

/** What is wrong with the set-id bits of an entry, if anything. */
export function setIdProblem({ path, type, mode }: Pick<Entry, 'path' | 'type' | 'mode'>): Problem | null {
  const forbidden = type === 'directory' ? 0o4000 : 0o6000;
  if ((mode & forbidden) === 0) return null;
  return {
    code: 'UNSAFE_MODE',
    message: `${formatPaths([path])} would run with another user's or group's rights (set-id)`,
    paths: [path],
  };
}

function validateLinkForm(entry: Entry, problems: Problem[]): void {
  const target = entry.link as string;
  const wrong =
    target === '' || target.includes('\0') || !target.isWellFormed() || Buffer.byteLength(target) > MAX_PATH_BYTES;
  if (wrong)
    problems.push({
      code: 'UNSAFE_LINK',
      message: `${formatPaths([entry.path])} links to what is no path`,
      paths: [entry.path],
    });
}

/** What is asked of an entry that another one, or a status, refers to. */
export interface ReferredEntry {
  path: string;
  type: Entry['type'];
  attributes: string;
}

/** What all names of a file have in common, as one text to compare. */
export function attributesOf({ mode, uid, gid, mtime, mtimeNs }: Entry): string {
  return `${mode} ${uid} ${gid} ${mtime} ${mtimeNs}`;
}

/** Those of these paths that are entries of a block, and what they are. */
export function findReferred(entries: readonly Entry[], paths: readonly string[]): ReferredEntry[] {
  const wanted = new Set(paths);
  return entries
    .filter(({ path }) => wanted.has(path))
    .map((entry) => ({ path: entry.path, type: entry.type, attributes: attributesOf(entry) }));
}

/** A hard link, and what it says of the file. */
interface HardLink {
  path: string;
  link: string;
  attributes: string;
}

/** What is wrong between a hard link and the entry that it refers to, if anything. */
export function hardLinkProblem(
  { path, link, attributes }: HardLink,
  target: ReferredEntry | undefined,
): Problem | null {
  if (target?.type !== 'file' || comparePaths(link, path) >= 0)
    return {
      code: 'UNSAFE_LINK',
      message: `${formatPaths([path])} is a hard link to what is no file before it`,
      paths: [path],
    };
  if (target.attributes === attributes) return null;
  return {
    code: 'INDEX_INVALID',
    message: `${formatPaths([path])} is a hard link with another mode, owner or time than its file`,
    paths: [path],
  };
}

/** Statuses that are about entries of the snapshot; the others are about what is not in it. */
const PRESENT: ReadonlySet<RecordedStatus['status']> = new Set(['retried', 'truncated', 'inconsistent']);

/** What is wrong with the statuses that a snapshot records: their order, their paths, and whether those are there. */
export function statusProblems(
  statuses: readonly RecordedStatus[],
  entries: ReadonlyMap<string, ReferredEntry>,
): Problem[] {
  return statuses.flatMap(({ path, status }, i) => {
    const before = statuses[i - 1];
    const wrong =
      !isPath(path) || path === MANIFEST_PATH
        ? 'which is no path of an entry'
        : before !== undefined && comparePaths(before.path, path) >= 0
          ? 'out of order or twice'
          : entries.has(path) !== PRESENT.has(status)
            ? `which is ${entries.has(path) ? '' : 'not '}in the snapshot`
            : null;
    if (wrong === null) return [];
    return [
      {
        code: 'INDEX_INVALID',
        message: `the index names ${formatPaths([path])} as ${status}, ${wrong}`,
        paths: [path],
      },
    ];
  });
}
