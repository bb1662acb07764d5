import type { CaptureItem } from '../../capture/capture-item.ts';
import type { EntryType } from '../../format/entry.ts';
import { entryTime } from '../entry-attributes.ts';
import type { ParentUnit } from './parent-units.ts';

const LETTERS: Record<EntryType, string> = { file: 'f', directory: 'd', symlink: 'l', hardlink: 'h' };

/** How much of what is in a unit the items have in common with its entries, their content aside. */
export type Agreement =
  /** Other tar headers. */
  | 'none'
  /** The same tar headers; the index has other nanoseconds. */
  | 'headers'
  /** The same rows of the index, too. */
  | 'rows';

/** Compares items with the entries of a unit, in order. */
export function agreementOf(items: readonly CaptureItem[], unit: ParentUnit): Agreement {
  const { block, entry, entries } = unit;
  if (items.length !== entries) return 'none';
  let { file, link } = unit;
  let agreement: Agreement = 'rows';
  for (let i = 0; i < entries; i++) {
    const item = items[i] as CaptureItem;
    const at = entry + i;
    if (item.path !== block.path[at] || LETTERS[item.type] !== block.type.charAt(at)) return 'none';
    const { mtime, mtimeNs } = entryTime(item.mtimeNs);
    const mode = item.type === 'directory' ? item.mode : item.mode & 0o1777;
    if (mtime !== block.mtime[at] || mode !== block.mode[at]) return 'none';
    if (item.uid !== block.uid[at] || item.gid !== block.gid[at]) return 'none';
    if (item.type === 'file') {
      if (item.size !== block.size[file++]) return 'none';
    } else if (item.type !== 'directory' && item.link !== block.link[link++]) return 'none';
    if (mtimeNs !== block.mtime_ns[at]) agreement = 'headers';
  }
  return agreement;
}
