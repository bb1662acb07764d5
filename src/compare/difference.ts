import type { Entry } from '../format/entry.ts';
import { parentOf } from '../format/path-order.ts';
import { CATEGORIES, sectionOf } from '../state-dir/sections.ts';
import type { Aspect, Change } from './change.ts';

/** How many documents of a section were added, removed and changed. */
export interface SectionDifference {
  /** Name of the section. */
  name: string;
  /** Number of documents that were added. */
  added: number;
  /** Number of documents that were removed. */
  removed: number;
  /** Number of documents that were changed. */
  changed: number;
}

/** Something in a directory that could not be read. */
export interface Unreadable {
  /** Relative to the directory. */
  path: string;
  /** Why, as the system says it. */
  detail: string;
}

/** How much differs between two states. */
export interface DifferenceTotals {
  /** Number of entries that were added. */
  added: number;
  /** Number of entries that were removed. */
  removed: number;
  /** Number of entries that were changed. */
  changed: number;
  /** Number of entries that are the same. */
  unchanged: number;
  /** Sum of the sizes of all files before, in bytes. */
  bytesBefore: number;
  /** Sum of the sizes of all files after, in bytes. */
  bytesAfter: number;
}

/** What differs between two states. */
export interface Difference {
  /** Whether everything was compared and nothing differs. */
  same: boolean;
  /**
   * All differences, in the order of a snapshot. A directory of which only the time differs is not among them if something in it changed, which
   * explains it.
   */
  changes: Change[];
  /** Sections with changes among their documents. */
  sections: SectionDifference[];
  /** How much of what no section counts came, went and changed: with the sections it sums up to `totals`. */
  outsideSections: Omit<SectionDifference, 'name'>;
  /** How much differs. */
  totals: DifferenceTotals;
  /** What could not be compared, together with all that it holds. Always empty between two snapshots. */
  unreadable: Unreadable[];
}

/** Collects differences, in the order of a snapshot. */
export class DifferenceBuilder {
  readonly #changes: Change[] = [];
  readonly #sections = new Map<string, SectionDifference>();
  readonly #totals: DifferenceTotals = {
    added: 0,
    removed: 0,
    changed: 0,
    unchanged: 0,
    bytesBefore: 0,
    bytesAfter: 0,
  };
  /** Directories of which only the time differs, by path. */
  readonly #touched = new Map<string, Change>();
  readonly #explained = new Set<Change>();

  /** Takes what the two sides have under one path, and in what it differs. At most one of them is null. */
  add(before: Entry | null, after: Entry | null, aspects: Aspect[]): void {
    const totals = this.#totals;
    totals.bytesBefore += before?.size ?? 0;
    totals.bytesAfter += after?.size ?? 0;
    const kind = before === null ? 'added' : after === null ? 'removed' : 'changed';
    if (kind === 'changed' && aspects.length === 0) {
      totals.unchanged++;
      return;
    }
    const { path } = (before ?? after) as Entry;
    const section = sectionOf(path);
    const change: Change = { path, section, kind, aspects };
    if (before !== null) change.before = before;
    if (after !== null) change.after = after;
    this.#changes.push(change);
    totals[kind]++;
    if (section !== null) this.#countIn(section)[kind]++;
    const onlyTouched = before?.type === 'directory' && aspects.length === 1 && aspects[0] === 'mtime';
    if (onlyTouched) {
      this.#touched.set(path, change);
      return;
    }
    const parent = this.#touched.get(parentOf(path));
    if (parent !== undefined) this.#explained.add(parent);
  }

  #countIn(name: string): SectionDifference {
    const counts = this.#sections.get(name) ?? { name, added: 0, removed: 0, changed: 0 };
    this.#sections.set(name, counts);
    return counts;
  }

  finish(unreadable: Unreadable[]): Difference {
    const totals = this.#totals;
    totals.changed -= this.#explained.size;
    totals.unchanged += this.#explained.size;
    for (const { section } of this.#explained) if (section !== null) this.#countIn(section).changed--;
    const changes = this.#changes.filter((change) => !this.#explained.has(change));
    const sections = CATEGORIES.flatMap((name) => this.#sections.get(name) ?? []).filter(
      ({ added, removed, changed }) => added + removed + changed > 0,
    );
    const outside = (kind: Change['kind']) => sections.reduce((left, section) => left - section[kind], totals[kind]);
    return {
      same: changes.length === 0 && unreadable.length === 0,
      changes,
      sections,
      outsideSections: { added: outside('added'), removed: outside('removed'), changed: outside('changed') },
      totals,
      unreadable,
    };
  }
}
