import type { CaptureItem } from '../capture/capture-item.ts';
import type { FileAttributes } from '../capture/file-state.ts';
import { BLOCK, padded } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { RecordedStatus } from '../format/index-root.ts';
import { headerBlocks } from '../format/tar-header.ts';
import { entryTime, holdsTime } from './entry-attributes.ts';

/** A time that a snapshot cannot hold is kept as the nearest one, and that is named. */
export function timeStatus(item: CaptureItem, changed: FileAttributes | null | undefined): RecordedStatus | null {
  const { mtimeNs } = changed ?? item;
  if (holdsTime(mtimeNs)) return null;
  const detail = `its modification time, ${mtimeNs / 1_000_000_000n} s since 1970, is beyond what a snapshot holds`;
  return { path: item.path, status: 'inconsistent', detail };
}

/**
 * The entry that an item becomes.
 *
 * @param size length of the content that is in the snapshot
 * @param changed attributes of what was read, where they are not those of the item
 */
export function entryOf(
  item: CaptureItem,
  size: number,
  changed: FileAttributes | null,
  sha256: string | undefined,
): BlockEntry {
  const { uid, gid, mtimeNs: ns } = changed ?? item;
  const { path, type } = item;
  const { mtime, mtimeNs } = entryTime(ns);
  // A file that changed since the scan comes with its bits as they are; set-id is never kept.
  const mode = type === 'directory' ? item.mode : (changed ?? item).mode & 0o1777;
  const entry: BlockEntry =
    sha256 !== undefined
      ? { path, type, mode, uid, gid, mtime, mtimeNs, size, headerBlocks: 1, sha256 }
      : item.type === 'symlink' || item.type === 'hardlink'
        ? { path, type, mode, uid, gid, mtime, mtimeNs, size, headerBlocks: 1, link: item.link }
        : { path, type, mode, uid, gid, mtime, mtimeNs, size, headerBlocks: 1 };
  entry.headerBlocks = headerBlocks(entry);
  return entry;
}

/** Tar bytes of an item, as the scan saw it. */
export function tarLength(item: CaptureItem): number {
  const size = item.type === 'file' ? item.size : 0;
  const { mtime } = entryTime(item.mtimeNs);
  const fields = { path: item.path, type: item.type, mode: item.mode, uid: item.uid, gid: item.gid, mtime, size };
  return headerBlocks('link' in item ? { ...fields, link: item.link } : fields) * BLOCK + padded(size);
}
