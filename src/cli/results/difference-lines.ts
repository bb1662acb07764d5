import type { Change } from '../../compare/change.ts';
import type { Difference } from '../../compare/difference.ts';
import { count, formatBytes, formatNumber } from '../text/amounts.ts';
import { entryFields } from '../text/entry-text.ts';
import { changedSectionTable } from '../text/section-table.ts';
import type { Line } from '../text/table.ts';

const SIGN = { added: '+', removed: '-', changed: '~' } as const;

/** A change as a line: what happened, to what, and in what it shows. */
export function changeLine({ path, kind, aspects, before, after }: Change): string {
  const slash = (after ?? before)?.type === 'directory' ? '/' : '';
  return `${SIGN[kind]} ${path}${slash}${aspects.length === 0 ? '' : `  (${aspects.join(', ')})`}`;
}

/** A change as `--json` has it; see OUTPUT.md. */
export function changeFields({ path, section, kind, aspects, before, after }: Change): Record<string, unknown> {
  return {
    path,
    section,
    kind,
    aspects,
    before: before === undefined ? undefined : entryFields(before),
    after: after === undefined ? undefined : entryFields(after),
  };
}

/** How much changed: section by section, then in all. */
export function statLines({ same, sections, outsideSections, totals }: Difference): Line[] {
  const { added, removed, changed, unchanged, bytesBefore, bytesAfter } = totals;
  if (same) return [`no difference: ${count(unchanged, 'entry')}, ${formatBytes(bytesAfter)}`];
  return [
    changedSectionTable(sections, outsideSections, 0),
    `${formatNumber(added)} added, ${formatNumber(removed)} removed, ${formatNumber(changed)} changed, ${formatNumber(unchanged)} unchanged; ${formatBytes(bytesBefore)}, then ${formatBytes(bytesAfter)}`,
  ];
}

/** What could not be compared. */
export function unreadableLines({ unreadable }: Difference): string[] {
  if (unreadable.length === 0) return [];
  return ['could not be compared:', ...unreadable.map(({ path, detail }) => `  ${path}: ${detail}`)];
}

/** The exit status of a comparison: 6 when there is a difference, 7 when not everything could be compared. */
export function differenceStatus({ same, unreadable }: Difference): number {
  if (unreadable.length > 0) return 7;
  return same ? 0 : 6;
}

/** The numbers of a difference as `--json` has them. */
export function differenceFields({
  same,
  sections,
  outsideSections,
  totals,
  unreadable,
}: Difference): Record<string, unknown> {
  const { added, removed, changed, unchanged, bytesBefore, bytesAfter } = totals;
  return {
    same,
    sections,
    outside_sections: outsideSections,
    totals: { added, removed, changed, unchanged, bytes_before: bytesBefore, bytes_after: bytesAfter },
    unreadable,
  };
}
