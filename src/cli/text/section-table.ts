import type { ManifestSection, SectionDifference, Totals } from '../../index.ts';
import { formatNumber } from './amounts.ts';
import type { Table } from './table.ts';

const OUTSIDE = 'outside the sections';

/** The entries that no section counts, as `--json` has them; null where nobody knows how many entries there are. */
export function outsideSections(
  sections: readonly ManifestSection[],
  totals: Pick<Totals, 'entries'> | null,
): { entry_count: number } | null {
  if (totals === null) return null;
  const counted = sections.reduce((sum, { entry_count }) => sum + entry_count, 0);
  return { entry_count: totals.entries - counted };
}

/** How many entries each section has and how many lie outside of them, so that the rows sum up to all there are. */
export function sectionTable(
  sections: readonly ManifestSection[],
  totals: Pick<Totals, 'entries'> | null,
  withTotal: boolean,
): Table {
  const rows = sections.map(({ name, entry_count }) => [name, formatNumber(entry_count)]);
  const outside = outsideSections(sections, totals);
  if (outside !== null && totals !== null) {
    rows.push([OUTSIDE, formatNumber(outside.entry_count)]);
    if (withTotal) rows.push(['total', formatNumber(totals.entries)]);
  }
  return { columns: [{}, { right: true }], rows, indent: 2 };
}

/** How much changed in each section and outside of them. */
export function changedSectionTable(
  sections: readonly SectionDifference[],
  outside: Omit<SectionDifference, 'name'>,
  indent: number,
): Table {
  const rows = [...sections, { name: OUTSIDE, ...outside }].map(({ name, added, removed, changed }) => [
    name,
    `+${formatNumber(added)}`,
    `-${formatNumber(removed)}`,
    `~${formatNumber(changed)}`,
  ]);
  return { columns: [{}, { right: true }, { right: true }, { right: true }], rows, indent };
}
