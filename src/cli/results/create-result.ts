import type { CreateResult, ExcludedPath } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { deletedNames, incompleteLines, recoveredSummary } from '../text/incomplete-text.ts';
import { neighbourFields } from '../text/neighbour-text.ts';
import { copiedText, reuseFields } from '../text/reuse-text.ts';
import { outsideSections, sectionTable } from '../text/section-table.ts';
import type { Line } from '../text/table.ts';

/** What to say of a snapshot that was made. */
export function createResult(result: CreateResult, elapsedMs: number): Result {
  const { output, length, manifest, totals, complete, statuses, excluded, reuse, neighbours } = result;
  const recovered = recoveredSummary(statuses);
  const deleted = deletedNames(statuses);
  const { sections } = manifest;
  const lines: Line[] = [
    output ?? 'snapshot written to standard output',
    `  ${count(totals.entries, 'entry')} (${count(totals.files, 'file')}), ${formatBytes(totals.bytes)} as ${formatBytes(length)}, in ${formatDuration(elapsedMs)}`,
  ];
  if (sections.length > 0) lines.push(sectionTable(sections, totals, false));
  if (reuse !== null) lines.push(`  ${copiedText(reuse)}`);
  if (excluded.length > 0) lines.push(`  excluded: ${summarizeExcluded(excluded)}`);
  if (recovered !== null) lines.push(`  changed while they were read, and captured whole: ${recovered}`);
  if (deleted !== null) lines.push(`  deleted while the snapshot was made: ${deleted}`);
  return {
    status: complete ? 0 : 3,
    fields: {
      output,
      length,
      elapsed_ms: Math.round(elapsedMs),
      complete,
      manifest,
      totals,
      outside_sections: outsideSections(sections, totals),
      statuses,
      excluded,
      reuse: reuseFields(reuse),
      neighbours: neighbours.map(neighbourFields),
    },
    lines,
    incomplete: incompleteLines('the snapshot is NOT COMPLETE; it does not hold, or not as they should be:', statuses),
  };
}

const NAMED = 3;

/** A few names, or what is common to many: reason by reason. */
function summarizeExcluded(excluded: readonly ExcludedPath[]): string {
  if (excluded.length <= NAMED) return excluded.map(({ path, reason }) => `${path} (${reason})`).join(', ');
  const byReason = new Map<string, number>();
  for (const { reason } of excluded) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const parts = [...byReason].map(([reason, number]) => `${number} × ${reason}`);
  return `${parts.join(', ')} (--dry-run names them)`;
}
