import type { Entry } from '../format/entry.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { comparePaths, isBelow } from '../format/path-order.ts';
import { assertSafePath, isPath, isPlainPath, MANIFEST_PATH, MAX_PATH_BYTES } from '../format/path-rules.ts';
import { isListed } from '../state-dir/sections.ts';
import { formatPaths, type Problem, problemOf } from './problem.ts';
import { notePlain, noteUnusual, noUnusualNames, type UnusualNames } from './unusual-names.ts';

/** A link, as far as its safety needs it. */
export interface LinkEntry {
  path: string;
  type: 'symlink' | 'hardlink';
  link: string;
  /** Of a hard link: what it must have in common with its file. */
  attributes: string;
}

/** What the validation of a run of entries found. Runs are joined in `SnapshotValidator`. */
export interface BlockValidation {
  problems: Problem[];
  first: string;
  last: string;
  counts: { entries: number; files: number; directories: number; symlinks: number; hardLinks: number; bytes: number };
  /** Documents by section. */
  sections: Record<string, number>;
  /** Directories that must come before this run, for an entry of it lies in them. */
  needs: string[];
  /** Directories of this run that hold its last entry, or are it. */
  openDirectories: string[];
  links: LinkEntry[];
  /** Bytes of content that are whole pieces of zeros. The entries do not show it; their block does. */
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
  const run = new EntryRun(platform, folders);
  // Not a `for` loop: V8 would compile it separately (on-stack replacement), with every step inlined once more.
  entries.forEach((entry) => {
    run.take(entry);
  });
  return run.finish(entries);
}

/** Entries in the order of a snapshot, of which mostly many lie in one directory. Few and small steps for each: there are millions. */
class EntryRun {
  readonly #platform: NodeJS.Platform;
  readonly #folders: ReadonlySet<string> | null;
  readonly #problems: Problem[] = [];
  readonly #counts = { entries: 0, files: 0, directories: 0, symlinks: 0, hardLinks: 0, bytes: 0 };
  readonly #sections: Record<string, number> = Object.create(null);
  readonly #needs = new Set<string>();
  readonly #links: LinkEntry[] = [];
  readonly #unusual = noUnusualNames();
  /** Directories of the run that hold the current entry, or are the one before it. */
  #open: string[] = [];
  /** The entry before, and whether its path was plain and it was a directory. */
  #previous: string | null = null;
  #wasPlain = false;
  #wasDirectory = true;
  /** The directory that the current entry lies in, with its slash; empty at the top. */
  #directory = '';
  /** Whether its documents are counted, and how many there were. */
  #isCounted = false;
  #documents = 0;

  constructor(platform: NodeJS.Platform, folders: ReadonlySet<string> | null) {
    this.#platform = platform;
    this.#folders = folders;
  }

  take(entry: Entry): void {
    const { path } = entry;
    const isPlain = isPlainPath(path, this.#platform);
    if (isPlain) notePlain(this.#unusual, path);
    else this.#validateName(path);
    if (path === MANIFEST_PATH) this.#problem('ENTRY_DUPLICATE', 'the snapshot holds a second manifest.json', path);
    const nameAt = path.lastIndexOf('/') + 1;
    const isNeighbour = nameAt === this.#directory.length && path.startsWith(this.#directory);
    // Plain names in one directory are in order if they are as strings.
    const isInOrder = isNeighbour && isPlain && this.#wasPlain && (this.#previous as string) < path;
    if (!isInOrder) this.#validateOrder(path);
    if (!isNeighbour || this.#wasDirectory) this.#enter(path, nameAt);
    if (this.#isCounted && isListed(path, nameAt)) this.#documents++;
    if (entry.type === 'file') {
      this.#counts.files++;
      this.#counts.bytes += entry.size;
    } else this.#takeOther(entry);
    if ((entry.mode & SET_ID) !== 0) this.#validateSetId(entry);
    this.#previous = path;
    this.#wasPlain = isPlain;
    this.#wasDirectory = entry.type === 'directory';
  }

  #validateName(path: string): void {
    try {
      assertSafePath(path, this.#platform);
    } catch (error) {
      this.#problems.push(problemOf(error, [path]));
    }
    noteUnusual(this.#unusual, path);
  }

  #validateOrder(path: string): void {
    const order = this.#previous === null ? -1 : comparePaths(this.#previous, path);
    if (order === 0) this.#problem('ENTRY_DUPLICATE', `the snapshot holds ${formatPaths([path])} twice`, path);
    if (order > 0) this.#problem('ENTRY_ORDER', `${formatPaths([path])} is in the wrong place of the snapshot`, path);
  }

  /** Goes on in the directory of an entry. */
  #enter(path: string, nameAt: number): void {
    const open = this.#open;
    const parent = path.slice(0, Math.max(0, nameAt - 1));
    while (open.length > 0 && open.at(-1) !== parent && !isBelow(path, open.at(-1) as string)) open.pop();
    if (parent !== '' && open.at(-1) !== parent) this.#needs.add(parent);
    this.#countDocuments();
    this.#directory = path.slice(0, nameAt);
    this.#isCounted = nameAt > 0 && (this.#folders?.has(parent) ?? true);
  }

  #countDocuments(): void {
    if (this.#documents === 0) return;
    const section = this.#directory.slice(0, -1);
    this.#sections[section] = (this.#sections[section] ?? 0) + this.#documents;
    this.#documents = 0;
  }

  #takeOther(entry: Entry): void {
    const { path, type } = entry;
    if (type === 'directory') {
      this.#counts.directories++;
      this.#open.push(path);
    } else if (type !== 'file') {
      if (type === 'symlink') this.#counts.symlinks++;
      else this.#counts.hardLinks++;
      const attributes = type === 'hardlink' ? attributesOf(entry) : '';
      this.#links.push({ path, type, link: entry.link as string, attributes });
      validateLinkForm(entry, this.#problems);
    }
  }

  #validateSetId(entry: Entry): void {
    const problem = setIdProblem(entry);
    if (problem !== null) this.#problems.push(problem);
  }

  #problem(code: Problem['code'], message: string, path: string): void {
    this.#problems.push({ code, message, paths: [path] });
  }

  finish(entries: readonly Entry[]): BlockValidation {
    const last = this.#previous ?? '';
    this.#countDocuments();
    this.#counts.entries = entries.length;
    return {
      problems: this.#problems,
      first: entries[0]?.path ?? '',
      last,
      counts: this.#counts,
      sections: this.#sections,
      needs: [...this.#needs],
      openDirectories: this.#open.filter((directory) => directory === last || isBelow(last, directory)),
      links: this.#links,
      holes: 0,
      unusual: this.#unusual,
    };
  }
}

const SET_ID = 0o6000;

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
      message: `${formatPaths([entry.path])} has a target that is not a path`,
      paths: [entry.path],
    });
}

/** What must be known of an entry that another one, or a status, refers to. */
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
