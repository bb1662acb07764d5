import { BLOCK, padded } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import type { Totals } from '../format/index-root.ts';
import { sectionOf } from '../state-dir/sections.ts';

/** Counts the entries of a snapshot. */
export class EntryTotals {
  readonly totals: Totals = {
    entries: 0,
    files: 0,
    directories: 0,
    symlinks: 0,
    hardLinks: 0,
    bytes: 0,
    tarBytes: 0,
  };
  /** Documents by section. */
  readonly sections = new Map<string, number>();

  add(entry: BlockEntry): void {
    const { totals } = this;
    totals.entries++;
    totals.tarBytes += entry.headerBlocks * BLOCK + padded(entry.size);
    if (entry.type === 'directory') totals.directories++;
    else if (entry.type === 'symlink') totals.symlinks++;
    else if (entry.type === 'hardlink') totals.hardLinks++;
    else {
      totals.files++;
      totals.bytes += entry.size;
    }
    const section = sectionOf(entry.path);
    if (section !== null) this.sections.set(section, (this.sections.get(section) ?? 0) + 1);
  }
}
