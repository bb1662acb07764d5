import { hash } from 'node:crypto';
import type { CaptureItem } from '../../capture/capture-item.ts';
import type { FileAttributes } from '../../capture/file-state.ts';
import { DIGEST_DIGITS } from '../../format/index-block.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import type { CacheableFiles } from './cacheable-files.ts';
import { agreementOf } from './entry-equality.ts';
import type { Parent } from './parent.ts';
import { contentDigests, type ParentUnit, type StoredMember, storedMembers } from './parent-units.ts';
import type { StatCache } from './stat-cache.ts';

type FileItem = Extract<CaptureItem, { type: 'file' }>;

/** A member of the parent with the same tar headers as a batch of items. */
export interface ReusableBatch {
  member: StoredMember;
  /** SHA-256 of its files, in hexadecimal, one after the other. */
  digests: string;
  /** Whether its content is that of the items, as far as inodes and times show. Else it is if the digests are. */
  isUnread: boolean;
}

/** A large file of the parent under the same path. */
export interface ReusableFile {
  unit: ParentUnit;
  /** SHA-256 of its content. */
  sha256: string;
  /** Whether it is the same file, unchanged, as far as inode and times show. */
  isUnread: boolean;
}

/** Decides what of a parent may be used for items of the state directory, which come in the order of the snapshot. */
export class ParentReuse {
  readonly #parent: Parent;
  readonly #cache: StatCache | null;
  readonly #cacheable: CacheableFiles;
  readonly #copied = { bytes: 0, unreadFiles: 0 };

  /** @param cache what is remembered of the parent's files; null has all files read */
  constructor(parent: Parent, cache: StatCache | null, cacheable: CacheableFiles) {
    this.#parent = parent;
    this.#cache = cache;
    this.#cacheable = cacheable;
  }

  /** What the parent is read from. */
  get source(): RangeReader {
    return this.#parent.source;
  }

  /** What was copied so far: bytes as they are stored, and files that were not even read. */
  get copied(): Readonly<{ bytes: number; unreadFiles: number }> {
    return this.#copied;
  }

  /** Notes that a member is in the snapshot, with so many files that were not read. */
  count({ stored }: StoredMember, unreadFiles: number): void {
    this.#copied.bytes += stored;
    this.#copied.unreadFiles += unreadFiles;
  }

  /** Reads members that lie one after the other; see `Parent.read`. */
  read(members: readonly StoredMember[], pathsOf: (member: number) => string[]): Promise<(Uint8Array | null)[]> {
    return this.#parent.read(members, pathsOf);
  }

  /** Takes back the memory of what `read` returned; see `Parent.giveBack`. */
  giveBack(read: readonly (Uint8Array | null)[]): void {
    this.#parent.giveBack(read);
  }

  /** The block of its index that begins with a path, encoded, if it was read lately: it may be the same again. */
  encodedBlock(first: string): Uint8Array | null {
    return this.#parent.encodedBlock(first);
  }

  /** The member that holds exactly these items, if there is one. */
  async batch(items: readonly CaptureItem[]): Promise<ReusableBatch | null> {
    const unit = await this.#parent.find((items[0] as CaptureItem).path);
    if (unit === null || unit.isLarge) return null;
    const agreement = agreementOf(items, unit);
    if (agreement === 'none') return null;
    const [member] = storedMembers(unit);
    const digests = contentDigests(unit);
    const isUnread = agreement === 'rows' && this.#areUnchanged(items, unit, digests);
    return { member: member as StoredMember, digests, isUnread };
  }

  /** The large file under the same path, if there is one, whatever it holds. */
  async file(item: FileItem): Promise<ReusableFile | null> {
    const unit = await this.#parent.find(item.path);
    if (unit === null || !unit.isLarge) return null;
    const sha256 = contentDigests(unit);
    const isUnread = agreementOf([item], unit) === 'rows' && this.#areUnchanged([item], unit, sha256);
    return { unit, sha256, isUnread };
  }

  #areUnchanged(items: readonly CaptureItem[], { firstEntry }: ParentUnit, digests: string): boolean {
    const cache = this.#cache;
    if (cache === null) return false;
    let file = 0;
    for (let i = 0; i < items.length; i++) {
      const item = items[i] as CaptureItem;
      if (item.type !== 'file') continue;
      const at = file++ * DIGEST_DIGITS;
      if (item.source.kind === 'bytes') {
        if (hash('sha256', item.source.bytes) !== digests.slice(at, at + DIGEST_DIGITS)) return false;
      } else if (!this.#cacheable.isCacheable(item) || !cache.has(firstEntry + i, item.source.expect)) return false;
    }
    return true;
  }
}

/**
 * The members of a large file of the parent that may hold what a file is to hold, by the number of the piece; what they do hold, their
 * digests tell.
 *
 * @param size of the content that is packed
 * @param attributes of what is packed, where they are not those of the item
 */
export function reusablePieces(
  { unit }: ReusableFile,
  item: FileItem,
  size: number,
  attributes: FileAttributes | null,
): StoredMember[] {
  const members = [...storedMembers(unit)];
  const hasSameHeader = agreementOf([{ ...item, ...attributes, size }], unit) !== 'none';
  // The first one has the header.
  return hasSameHeader ? members : members.with(0, { ...(members[0] as StoredMember), pieceSha256: '' });
}
