import type { SalvageResult } from '../../restore/salvage.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatNumber } from '../text/amounts.ts';
import { problemLines } from '../text/problem-text.ts';

/** What to say of a salvage. */
export function salvageResult(result: SalvageResult): Result {
  const { directory, manifest, foundBy, extracted, unverified, lost, unnamed, problems, complete } = result;
  const { entries, files, bytes } = extracted;
  const lines = [
    `taken out into ${directory}`,
    `  ${count(entries, 'entry')} (${count(files, 'file')}), ${formatBytes(bytes)}`,
  ];
  if (problems.length > 0) lines.push('what is wrong with the snapshot:', ...problems.flatMap(problemLines));
  if (unverified.length > 0)
    lines.push('extracted, but no digest verifies them:', ...unverified.map((path) => `  ${path}`));
  return {
    status: complete ? 0 : 3,
    fields: { directory, complete, found_by: foundBy, extracted, manifest, unverified, lost, unnamed, problems },
    lines,
    incomplete: [
      ...(lost.length === 0 ? [] : ['lost:', ...lost.map(({ path, reason }) => `  ${path}: ${reason}`)]),
      ...unnamedLines(unnamed),
    ],
  };
}

function unnamedLines(unnamed: number | null): string[] {
  if (unnamed === 0) return [];
  if (unnamed === null) return ['how much more is missing is unknown'];
  return [
    `${formatNumber(unnamed)} more ${unnamed === 1 ? 'is' : 'are'} lost, with ${unnamed === 1 ? 'its name' : 'their names'}`,
  ];
}
