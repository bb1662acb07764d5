import type { ImportResult, SectionCount } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatNumber, formatTime } from '../text/amounts.ts';
import { createResult } from './create-result.ts';

/** What to say of a snapshot that was made of a directory backup. */
export function importResult(result: ImportResult, elapsedMs: number): Result {
  const { directory, manifest, sectionDifferences, droppedFields } = result;
  const made = createResult(result, elapsedMs);
  const missing = sectionDifferences.filter(({ stated, found }) => found < stated);
  const more = sectionDifferences.filter(({ stated, found }) => found > stated);
  const lines = [
    `  of ${directory}, which Oxios ${manifest.oxios_version} made on ${formatTime(new Date(manifest.created_at))}`,
  ];
  if (more.length > 0) lines.push(`  more than its manifest says: ${more.map(text).join('; ')}`);
  if (droppedFields.length > 0) lines.push(`  not kept of its manifest: ${droppedFields.join(', ')}`);
  return {
    ...made,
    status: missing.length > 0 ? 3 : made.status,
    fields: {
      ...made.fields,
      directory,
      section_differences: sectionDifferences,
      dropped_fields: droppedFields,
    },
    lines: [...made.lines, ...lines],
    incomplete: [
      ...(made.incomplete ?? []),
      ...(missing.length === 0
        ? []
        : ['the backup holds less than its manifest says:', ...missing.map((each) => `  ${text(each)}`)]),
    ],
  };
}

function text({ name, stated, found }: SectionCount): string {
  return `${name}: ${count(stated, 'document')} stated, ${formatNumber(found)} found`;
}
