import { BackupError } from '../../errors.ts';
import type { Entry, EntryType } from '../../format/entry.ts';
import { parentOf } from '../../format/path-order.ts';
import { assertSafePath, MANIFEST_PATH } from '../../format/path-rules.ts';
import { judgeBlock } from '../judge-block.ts';
import { problemError, someOf } from '../problem.ts';
import { SnapshotJudge } from '../snapshot-judge.ts';

/**
 * Most directories that entries lie in without an entry of their own. Short headers can name thousands each: what is
 * remembered is bounded by this, not by the file.
 */
const MAX_IMPLIED = 1_000_000;

/**
 * Judges the entries of an archive whose order is free, as they come: names, duplicates, what lies below what. It remembers every path,
 * which a snapshot's order makes unnecessary.
 */
export class EntryBook {
  /** Counts, sections and links of what was taken so far. */
  readonly judge = new SnapshotJudge();
  readonly #platform: NodeJS.Platform;
  /** Every path that an entry has, or that one lies below. */
  readonly #types = new Map<string, EntryType | 'parent'>();
  #manifestSeen = false;
  #implied = 0;

  constructor(platform: NodeJS.Platform) {
    this.#platform = platform;
  }

  /**
   * @returns the entry under the path that it is restored to, or null for what is not restored: the manifest, the top directory itself
   * @throws BackupError
   */
  take(entry: Entry): Entry | null {
    const path = this.#path(entry);
    if (path === '') return null;
    if (path === MANIFEST_PATH) {
      if (this.#manifestSeen) throw refusal('ENTRY_DUPLICATE', path, 'stands twice in the archive');
      this.#manifestSeen = true;
      return null;
    }
    const known = this.#types.get(path);
    if (known !== undefined && !(known === 'parent' && entry.type === 'directory')) {
      if (known === 'parent' || entry.type !== known)
        throw refusal('ENTRY_CONFLICT', path, 'is two different things in the archive');
      throw refusal('ENTRY_DUPLICATE', path, 'stands twice in the archive');
    }
    for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
      const above = this.#types.get(parent);
      // What is known was taken with all that it lies below.
      if (above === 'directory' || above === 'parent') break;
      if (above !== undefined) throw refusal('ENTRY_CONFLICT', path, `lies below a ${above}`);
      if (++this.#implied > MAX_IMPLIED)
        throw refusal('TAR_INVALID', path, 'lies deeper than all that came before: directories without end');
      this.#types.set(parent, 'parent');
    }
    this.#types.set(path, entry.type);
    const taken = { ...entry, path };
    const [problem] = this.judge.addUnordered(judgeBlock([taken], this.#platform, null));
    if (problem !== undefined) throw problemError(problem);
    if (entry.type === 'hardlink') {
      const target = entry.link?.replace(/^\.\//, '') ?? '';
      if (this.#types.get(target) !== 'file')
        throw refusal('UNSAFE_LINK', path, 'is a hard link to what is no file before it');
      taken.link = target;
    }
    return taken;
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

function refusal(
  code: 'ENTRY_DUPLICATE' | 'ENTRY_CONFLICT' | 'TAR_INVALID' | 'UNSAFE_LINK',
  path: string,
  what: string,
): BackupError {
  return new BackupError(code, `${someOf([path])} ${what}`, {
    path,
    hint: 'Do not restore this file: it was not made by a sound program.',
  });
}
