import type { CaptureItem } from '../capture/capture-item.ts';
import type { FileAttributes } from '../capture/file-state.ts';
import type { SeenTree } from '../capture/seen-tree.ts';
import type { FileStatus } from '../format/file-status.ts';
import type { FileKey } from '../system/file-key.ts';
import type { PackItem } from './pack-batch.ts';

/**
 * Keeps the names of a file together when the file did not turn out as the scan saw it: all of its names have its attributes, and when
 * its first name is lost the next one becomes the file.
 */
export class HardLinkRepair {
  readonly #seen: SeenTree;
  /** Names that are gone, or another file's by now: hard links to them would not lead to the file that was scanned. */
  readonly #broken = new Set<string>();
  /** Attributes of files that had others than the scan saw, by path. */
  readonly #attributes = new Map<string, FileAttributes>();

  /** @param seen gets what became of the files that were seen */
  constructor(seen: SeenTree) {
    this.#seen = seen;
  }

  /** Notes that a file is in the snapshot with other attributes than the scan saw. */
  setAttributes(path: string, attributes: FileAttributes): void {
    this.#attributes.set(path, attributes);
  }

  /**
   * Notes that a name is not that of the file that was seen there.
   *
   * @param by the file that was captured under the name, if any
   */
  break(item: CaptureItem, by: FileKey | null, status: FileStatus): void {
    this.#broken.add(item.path);
    if (by !== null) this.#seen.capturedInstead(by);
    // What is unreadable is named as such, where it is.
    if (status !== 'unreadable' && 'source' in item && item.source?.kind === 'live')
      this.#seen.missed(item.source.expect);
  }

  /** A hard link with what its file turned out to have; anything else as it is. */
  agreeing<Item extends CaptureItem | PackItem>(item: Item): Item {
    const file = item.type === 'hardlink' ? this.#attributes.get(item.link) : undefined;
    if (file === undefined) return item;
    const { uid, gid, mtimeNs } = file;
    const mode = file.mode & 0o1777;
    const agrees = item.mode === mode && item.uid === uid && item.gid === gid && item.mtimeNs === mtimeNs;
    return agrees ? item : { ...item, mode, uid, gid, mtimeNs };
  }

  /** Items as they are to be packed instead; null when they fit what has become of the files that they are names of. */
  repaired(items: readonly PackItem[]): PackItem[] | null {
    if (items.some((item) => item.type === 'hardlink' && this.#broken.has(item.link))) return this.#relink(items);
    if (items.some((item) => this.agreeing(item) !== item)) return items.map((item) => this.agreeing(item));
    return null;
  }

  /** Of a file whose first name is broken the next name becomes the file. */
  #relink(items: readonly PackItem[]): PackItem[] {
    const promoted = new Map<string, string>();
    return items.map((item) => {
      if (item.type !== 'hardlink' || !this.#broken.has(item.link)) return item;
      const promotedName = promoted.get(item.link);
      if (promotedName !== undefined) return { ...item, link: promotedName };
      promoted.set(item.link, item.path);
      const { link: _, ...rest } = item;
      return { ...rest, type: 'file' };
    });
  }
}
