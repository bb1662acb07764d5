import type { HeaderFields } from '../format/tar-header.ts';
import { hasRecordOfLines } from '../format/tar-header.ts';
import { meansMoreOnWindows } from '../format/windows-names.ts';
import { formatPaths } from '../read/problem.ts';

const COLON = 0x3a;
const BACKSLASH = '\\';
const NEWLINE = '\n';

const WINDOWS =
  'bsdtar and node-tar would extract under another name or leave out, for what is before a colon or a backslash means more on Windows';
const LINES =
  'node-tar would extract under another name, for a long name with a line break in it stands in a record, which it reads by lines';

/** Collects entries to which some readers of tar give another name than their own. A restore gives all theirs. */
export class ChangedNames {
  readonly #windows: string[] = [];
  readonly #lines: string[] = [];

  add(entry: HeaderFields): void {
    const { path, link } = entry;
    if (mayMeanMore(path) || (link !== undefined && mayMeanMore(link))) {
      if (meansMoreOnWindows(entry) !== null) this.#windows.push(path);
    }
    if (path.includes(NEWLINE) || link?.includes(NEWLINE) === true) {
      if (hasRecordOfLines(entry)) this.#lines.push(path);
    }
  }

  /** A sentence for each of the reasons. */
  notices(): string[] {
    return [[this.#windows, WINDOWS] as const, [this.#lines, LINES] as const].flatMap(([paths, why]) =>
      paths.length === 0 ? [] : [`${formatPaths(paths)}: ${why}. A restore gives them their own names.`],
    );
  }
}

/** Tells quickly of most paths that they do not. */
function mayMeanMore(path: string): boolean {
  return path.charCodeAt(1) === COLON || path.includes(BACKSLASH);
}
