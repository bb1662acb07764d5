import type { ContentDifference, FileTotals, ImportResult, SectionCount } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatNumber, formatTime } from '../text/amounts.ts';
import { createResult } from './create-result.ts';

/** Names that a line has room for. */
const NAMED = 3;

/** What to say of a snapshot that was made of a directory backup. */
export function importResult(result: ImportResult, elapsedMs: number): Result {
  const { directory, manifest, sectionDifferences, contentDifference, droppedFields } = result;
  const made = createResult(result, elapsedMs);
  const isMoreContent = contentDifference !== null && isMore(contentDifference);
  const content = contentDifference === null ? [] : [contentText(contentDifference)];
  const missing = sectionDifferences.filter(({ stated, found }) => found < stated).map(text);
  if (!isMoreContent) missing.push(...content);
  const more = sectionDifferences.filter(({ stated, found }) => found > stated).map(text);
  if (isMoreContent) more.push(...content);
  const lines = [
    `  of ${directory}, which Oxios ${manifest.oxios_version} made on ${formatTime(new Date(manifest.created_at))}`,
  ];
  if (more.length > 0) lines.push(`  more than its manifest says: ${more.join('; ')}`);
  if (droppedFields.length > 0) lines.push(`  not kept of its manifest: ${droppedFields.join(', ')}`);
  return {
    ...made,
    status: missing.length > 0 ? 3 : made.status,
    fields: {
      ...made.fields,
      directory,
      section_differences: sectionDifferences.map(({ notFiles, ...counts }) => ({ ...counts, not_files: notFiles })),
      content_difference: contentDifference,
      dropped_fields: droppedFields,
    },
    lines: [...made.lines, ...lines],
    incomplete: [
      ...(made.incomplete ?? []),
      ...(missing.length === 0
        ? []
        : ['the backup does not hold what its manifest says:', ...missing.map((each) => `  ${each}`)]),
    ],
  };
}

/** Whether there are further files. Else one is missing, or not what it was. */
function isMore({ stated, found }: ContentDifference): boolean {
  return found.files > stated.files && found.bytes >= stated.bytes;
}

function contentText({ stated, found }: ContentDifference): string {
  const totals = ({ files, bytes }: FileTotals) => `${count(files, 'file')} of ${formatBytes(bytes)}`;
  const exact = formatBytes(stated.bytes) === formatBytes(found.bytes) && stated.bytes !== found.bytes;
  const bytes = exact ? ` (${formatNumber(stated.bytes)} and ${formatNumber(found.bytes)} bytes)` : '';
  return `${totals(stated)} stated, ${totals(found)} found${bytes}`;
}

function text({ name, stated, found, notFiles }: SectionCount): string {
  const more = notFiles.length > NAMED ? ` and ${notFiles.length - NAMED} more` : '';
  const names = notFiles.length === 0 ? '' : `; no file: ${notFiles.slice(0, NAMED).join(', ')}${more}`;
  return `${name}: ${count(stated, 'document')} stated, ${formatNumber(found)} found${names}`;
}
