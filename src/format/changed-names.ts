import type { HeaderFields } from './tar-header.ts';
import { hasRecordOfLines } from './tar-header.ts';
import { meansMoreOnWindows } from './windows-names.ts';

const COLON = 0x3a;
const BACKSLASH = '\\';
const NEWLINE = '\n';

const WINDOWS =
  'bsdtar and node-tar would extract under another name or skip, for what is before a colon or a backslash means more on Windows';
const LINES =
  'node-tar would extract under another name, for a long name with a line break in it is stored in a record, which it reads by lines';

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

  /** The paths that were added, with the reason in a sentence: a notice each. */
  found(): { paths: string[]; message: string }[] {
    return [
      { paths: this.#windows, message: `${WINDOWS}. A restore gives them their own names.` },
      { paths: this.#lines, message: `${LINES}. A restore gives them their own names.` },
    ].filter(({ paths }) => paths.length > 0);
  }
}

/** A quick test that most paths fail: those do not. */
function mayMeanMore(path: string): boolean {
  return path.charCodeAt(1) === COLON || path.includes(BACKSLASH);
}
