import type { CreateResult, LeftOut } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { deletedNames, lossLines, mildVerdicts } from '../text/losses.ts';

/** What to say of a snapshot that was made. */
export function createResult(result: CreateResult, elapsedMs: number): Result {
  const { output, length, manifest, totals, complete, verdicts, leftOut, neighbours } = result;
  const mild = mildVerdicts(verdicts);
  const deleted = deletedNames(verdicts);
  const lines = [
    output ?? 'snapshot written to standard output',
    `  ${count(totals.entries, 'entry')} (${count(totals.files, 'file')}), ${formatBytes(totals.bytes)} as ${formatBytes(length)}, in ${formatDuration(elapsedMs)}`,
  ];
  if (leftOut.length > 0) lines.push(`  left out: ${summarizeLeftOut(leftOut)}`);
  if (mild !== null) lines.push(`  changed while they were read, and captured whole: ${mild}`);
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
      verdicts,
      left_out: leftOut,
      neighbours,
    },
    lines,
    losses: lossLines('the snapshot is NOT COMPLETE; it does not hold, or not as they should be:', verdicts),
  };
}

const NAMED = 3;

/** A few names, or what is common to many: reason by reason. */
function summarizeLeftOut(leftOut: readonly LeftOut[]): string {
  if (leftOut.length <= NAMED) return leftOut.map(({ path, reason }) => `${path} (${reason})`).join(', ');
  const byReason = new Map<string, number>();
  for (const { reason } of leftOut) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  const parts = [...byReason].map(([reason, number]) => `${number} × ${reason}`);
  return `${parts.join(', ')} (--dry-run names them)`;
}
