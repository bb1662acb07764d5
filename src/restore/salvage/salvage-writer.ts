import type { Entry, EntryType } from '../../format/entry.ts';
import type { EntrySink } from '../../read/block-walker.ts';
import { ArchiveValidator } from '../../read/foreign/archive-validator.ts';
import { HERE } from '../../system/platform.ts';
import { formatPaths, problemOf } from '../../validate/problem.ts';
import { finishDirectories, makeLinks } from '../complete-tree.ts';
import type { HardLinks } from '../hard-links.ts';
import { NameCollisions, type NameFolding } from '../name-collisions.ts';
import type { TargetAbilities } from '../target-abilities.ts';
import { isAboutName } from '../target-names.ts';
import { type ExtractedTree, TreeWriter, type TreeWriterOptions } from '../tree-writer.ts';

/** An entry that could not be extracted. */
export interface LostEntry {
  /** Relative to the state directory. */
  path: string;
  /** Why, in one line. */
  reason: string;
}

/** Takes the entries of a damaged snapshot one by one: validates each as a restore would, writes it, and records what is lost. */
export class SalvageWriter implements EntrySink {
  readonly lost: LostEntry[] = [];
  /** Extracted, but no SHA-256 of the snapshot verifies them. */
  unverified: string[] = [];
  /** Whether entries that come now were verified against the index. */
  verified = true;
  readonly #options: TreeWriterOptions;
  readonly #tree: TreeWriter;
  readonly #archiveValidator = new ArchiveValidator(HERE.os);
  readonly #collisions: NameCollisions;
  /** Every path that was taken out or named as lost. */
  readonly #written = new Set<string>();
  readonly #fileNames = new Set<string>();
  /** Taken out so far. */
  entries = 0;
  files = 0;
  bytes = 0;
  /** Files among the lost, as far as that is known. */
  lostFiles = 0;
  #current: { entry: Entry; named: string } | null = null;

  constructor(options: TreeWriterOptions, folding: NameFolding) {
    this.#options = options;
    this.#tree = new TreeWriter(options);
    this.#collisions = new NameCollisions(folding);
  }

  isAccountedFor(path: string): boolean {
    return this.#written.has(path);
  }

  /** @param type of the entry, where it is known */
  lose(path: string, reason: string, type?: EntryType): void {
    this.#written.add(path);
    if (type === 'file') this.lostFiles++;
    this.lost.push({ path, reason });
  }

  whole(entry: Entry, content: Buffer): void {
    if (entry.type === 'file') {
      this.begin(entry);
      this.part(entry, content);
      this.end(entry, true);
      return;
    }
    const taken = this.#admit(entry);
    if (taken === null) return;
    if (this.#named(entry, () => this.#tree.whole(taken, content))) this.#account(entry.path, taken);
  }

  begin(entry: Entry): void {
    const taken = this.#admit(entry);
    this.#current = null;
    if (taken !== null && this.#named(entry, () => this.#tree.begin(taken)))
      this.#current = { entry: taken, named: entry.path };
  }

  part(_entry: Entry, content: Buffer): void {
    if (this.#current !== null) this.#tree.part(this.#current.entry, content);
  }

  end(_entry: Entry, isIntact: boolean): void {
    const current = this.#current;
    this.#current = null;
    if (current === null) return;
    this.#tree.end(current.entry, isIntact);
    if (isIntact) this.#account(current.named, current.entry);
  }

  /** Ends an entry that will not be complete. */
  abandon(reason: string): void {
    const current = this.#current;
    if (current === null) return;
    this.end(current.entry, false);
    this.lose(current.named, reason, 'file');
  }

  /** Closes what is open. */
  close(): void {
    this.#tree.finish();
  }

  /** What was written. Links and the attributes of directories are left to `complete`. */
  finish(abilities: Pick<TargetAbilities, 'symlinks'>): ExtractedTree {
    const tree = this.#tree.finish();
    const external = new Set(this.#archiveValidator.validator.externalLinks(HERE.os));
    const links: Entry[] = [];
    for (const entry of tree.links) {
      const reason = entry.type === 'hardlink' ? null : whyNoSymlink(entry, external, abilities);
      if (reason === null) {
        links.push(entry);
      } else {
        this.lose(entry.path, reason);
        this.entries--;
      }
    }
    return { ...tree, links };
  }

  /** @param root where the tree is now */
  async complete(tree: ExtractedTree, root: string, signal: AbortSignal | undefined): Promise<HardLinks['copied']> {
    const options = { ...this.#options, root };
    const copied = await makeLinks(tree, options, signal);
    finishDirectories(tree, options);
    return copied;
  }

  /** Makes an entry. @returns false, and the entry is lost, if the file system cannot hold its name */
  #named(entry: Entry, make: () => void): boolean {
    try {
      make();
      return true;
    } catch (error) {
      if (!isAboutName(error)) throw error;
      this.lose(entry.path, 'this file system cannot hold its name', entry.type);
      return false;
    }
  }

  /** The entry under the path that it is written to, or null for what is not to be written. */
  #admit(entry: Entry): Entry | null {
    try {
      if (entry.type === 'hardlink' && !this.#fileNames.has((entry.link as string).replace(/^\.\//, ''))) {
        this.lose(entry.path, `it is another name of ${formatPaths([entry.link as string])}, which did not come out`);
        return null;
      }
      const taken = this.#archiveValidator.take(entry);
      const collision = taken === null ? null : this.#collisions.add(taken.path);
      if (collision !== null) throw collision;
      return taken;
    } catch (error) {
      this.lose(entry.path, problemOf(error).message, entry.type);
      return null;
    }
  }

  #account(named: string, entry: Entry): void {
    this.#written.add(named);
    this.entries++;
    if (entry.type === 'file') {
      this.#fileNames.add(entry.path);
      this.files++;
      this.bytes += entry.size;
    }
    if (!this.verified) this.unverified.push(entry.path);
  }
}

function whyNoSymlink(
  { path, link }: Entry,
  external: ReadonlySet<string>,
  { symlinks }: Pick<TargetAbilities, 'symlinks'>,
): string | null {
  const to = formatPaths([link as string]);
  if (external.has(path)) return `it is a link that leads out of the state directory, to ${to}`;
  return symlinks ? null : `it is a link to ${to}, and this file system makes no links`;
}
