import type { Entry } from '../format/entry.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { comparePaths } from '../format/path-order.ts';
import { isPath, MANIFEST_PATH } from '../format/path-rules.ts';
import { formatPaths, type Problem } from './problem.ts';

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

/** Verdicts that are about entries of the snapshot; the others are about what is not in it. */
const PRESENT: ReadonlySet<RecordedStatus['status']> = new Set(['retried', 'truncated', 'inconsistent']);

/** What is wrong with the statuses that a snapshot records: their order, their paths, and whether those are there. */
export function verdictProblems(
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
