import { BackupError } from '../../errors.ts';
import type { Entry, EntryType } from '../../format/entry.ts';
import { parentOf } from '../../format/path-order.ts';
import { assertSafePath, MALFORMED_HINT, MANIFEST_PATH } from '../../format/path-rules.ts';
import { formatPaths, problemError } from '../../validate/problem.ts';
import { SnapshotValidator } from '../../validate/snapshot-validator.ts';
import { setIdProblem, validateBlock } from '../../validate/validate-block.ts';

/**
 * Most directories that entries lie in without an entry of their own. Short headers can name thousands each: what is
 * remembered is bounded by this, not by the file.
 */
const MAX_IMPLIED = 1_000_000;

/**
 * Validates the entries of an archive whose order is free, as they come: names, duplicates, what lies below what. It remembers every path,
 * which a snapshot's order makes unnecessary.
 */
export class ArchiveValidator {
  /** Counts, sections and links of what was taken so far. */
  readonly validator = new SnapshotValidator();
  readonly #platform: NodeJS.Platform;
  /** Every path that an entry has, or that one lies below. */
  readonly #types = new Map<string, EntryType | 'parent' | 'AppleDouble'>();
  /** The manifest and the top directory, as far as they came. */
  readonly #passedOver = new Set<string>();
  /** Mode and owner of each file. */
  readonly #rights = new Map<string, string>();
  #implied = 0;
  /** Entries with attributes that are not restored, and AppleDouble files: how many, and the first. */
  readonly #attributes = { count: 0, first: '' };
  readonly #appleDoubles = { count: 0, first: '' };

  constructor(platform: NodeJS.Platform) {
    this.#platform = platform;
  }

  /**
   * @returns the entry under the path that it is restored to, or null for what is not restored: the manifest, the top directory itself
   * @throws BackupError
   */
  take(entry: Entry): Entry | null {
    const path = this.#path(entry);
    if (path === '' || path === MANIFEST_PATH) {
      this.#passOver(entry, path);
      return null;
    }
    this.#place(path, entry.type);
    const taken = { ...entry, path };
    const [problem] = this.validator.addUnordered(validateBlock([taken], this.#platform, null));
    if (problem !== undefined) throw problemError(problem);
    if (entry.type === 'hardlink') taken.link = this.#linkTarget(taken);
    else if (entry.type === 'file') this.#rights.set(path, rightsOf(entry));
    return taken;
  }

  /** The manifest and the top directory: no entries of the state directory, but tar extracts them. */
  #passOver(entry: Entry, path: string): void {
    if (this.#passedOver.has(path)) throw refusal('ENTRY_DUPLICATE', entry.path, 'appears twice in the archive');
    this.#passedOver.add(path);
    const problem = setIdProblem(entry);
    if (problem !== null) throw problemError(problem);
  }

  /** Takes an AppleDouble file, which is not restored: its name must be as good as any, for tools write it. */
  passOver(entry: Entry): void {
    const path = this.#path(entry);
    this.#place(path, 'AppleDouble');
    note(this.#appleDoubles, path);
  }

  /** Notes that an entry has attributes that are not restored. */
  noteAttributes(path: string): void {
    note(this.#attributes, path);
  }

  /** What the archive holds and a restore leaves, a sentence each. */
  notices(): { path: string; message: string }[] {
    const [attributes, doubles] = [this.#attributes, this.#appleDoubles];
    const notices: { path: string; message: string }[] = [];
    if (attributes.count > 0)
      notices.push({
        path: attributes.first,
        message: `extended attributes and flags are not restored (entries that have some: ${attributes.count})`,
      });
    if (doubles.count > 0)
      notices.push({
        path: doubles.first,
        message: `files with attributes of macOS (AppleDouble) are not restored (${doubles.count} in all)`,
      });
    return notices;
  }

  /** Holds the path against all that came before. */
  #place(path: string, type: EntryType | 'AppleDouble'): void {
    const known = this.#types.get(path);
    if (known !== undefined && !(known === 'parent' && type === 'directory')) {
      if (known === 'parent' || type !== known)
        throw refusal('ENTRY_CONFLICT', path, 'is two different things in the archive');
      throw refusal('ENTRY_DUPLICATE', path, 'appears twice in the archive');
    }
    for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
      const above = parent === MANIFEST_PATH ? 'file' : this.#types.get(parent);
      // What is known was taken with all that it lies below.
      if (above === 'directory' || above === 'parent') break;
      if (above !== undefined) throw refusal('ENTRY_CONFLICT', path, `lies below a ${above}`);
      if (++this.#implied > MAX_IMPLIED)
        throw refusal('TAR_INVALID', path, 'lies deeper than all that came before: directories without end');
      this.#types.set(parent, 'parent');
    }
    this.#types.set(path, type);
  }

  /** The file that a hard link names, which came before and has the same rights: some tools set the link's. */
  #linkTarget({ path, link, ...entry }: Entry): string {
    const target = link?.replace(/^\.\//, '') ?? '';
    if (this.#types.get(target) !== 'file')
      throw refusal('UNSAFE_LINK', path, 'is a hard link to what is no file before it');
    if (this.#rights.get(target) !== rightsOf(entry))
      throw refusal('UNSAFE_LINK', path, 'is a hard link with another mode or owner than its file');
    return target;
  }

  /** Every path that an entry has, or that one lies below. */
  paths(): Iterable<string> {
    return this.#types.keys();
  }

  /** The path as a snapshot would write it; the empty string for the top directory. */
  #path(entry: Entry): string {
    let { path } = entry;
    // The one spelling that every tar writes for what lies at the top.
    if (path === './' && entry.type === 'directory') return '';
    if (path.startsWith('./')) path = path.slice(2);
    if (entry.type === 'directory' && path.endsWith('/')) path = path.slice(0, -1);
    assertSafePath(path, this.#platform);
    return path;
  }
}

function rightsOf({ mode, uid, gid }: Pick<Entry, 'mode' | 'uid' | 'gid'>): string {
  return `${mode} ${uid} ${gid}`;
}

function note(found: { count: number; first: string }, path: string): void {
  if (found.count++ === 0) found.first = path;
}

function refusal(
  code: 'ENTRY_DUPLICATE' | 'ENTRY_CONFLICT' | 'TAR_INVALID' | 'UNSAFE_LINK',
  path: string,
  what: string,
): BackupError {
  return new BackupError(code, `${formatPaths([path])} ${what}`, {
    path,
    hint: MALFORMED_HINT,
  });
}
