import type { DirectoryComparison, Problem, ShelfVerifyResult, VerifyResult } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatDuration } from '../text/amounts.ts';
import { lossLines } from '../text/losses.ts';
import { problemLines } from '../text/problem-text.ts';
import { shelvedFields } from '../text/shelf-text.ts';
import { changeLine, differenceFields, statLines, unreadableLines } from './difference-lines.ts';

/** What to say of a snapshot that was verified. */
export function verifyResult(snapshot: string, result: VerifyResult, elapsedMs: number): Result {
  const { valid, problems } = result;
  const name = snapshot === '-' ? 'the snapshot' : snapshot;
  return {
    status: valid ? 0 : 4,
    fields: { snapshot, elapsed_ms: Math.round(elapsedMs), ...verifiedFields(result) },
    urgent: !valid,
    lines: valid ? validLines(name, result, elapsedMs) : invalidLines(name, problems),
  };
}

/** What to say of a snapshot beside a directory. The changes themselves, as JSON, are rows before it. */
export function comparisonResult(
  snapshot: string,
  directory: string,
  comparison: DirectoryComparison,
  elapsedMs: number,
): Result {
  const { verify, compared, same } = comparison;
  const verified = verifyResult(snapshot, verify, elapsedMs);
  if (!compared) return verified;
  return {
    status: same ? 0 : 1,
    fields: { ...verified.fields, against: { directory, ...differenceFields(comparison) } },
    urgent: !same,
    lines: [...verified.lines, ...(same ? [`${directory}: the same`] : differingLines(directory, comparison))],
    losses: unreadableLines(comparison),
  };
}

function differingLines(directory: string, comparison: DirectoryComparison): string[] {
  const changes = comparison.changes.map((change) => `  ${changeLine(change)}`);
  return [`${directory}: DIFFERS (+ has besides, - lacks, ~ differs)`, ...changes, ...statLines(comparison)];
}

function verifiedFields(result: VerifyResult): Record<string, unknown> {
  const { valid, sealed, problems, manifest, totals, verdicts, externalLinks } = result;
  return { valid, sealed, problems, manifest, totals, verdicts, external_links: externalLinks };
}

function invalidLines(name: string, problems: readonly Problem[]): string[] {
  return [`${name}: NOT VALID, ${count(problems.length, 'problem')}`, ...problems.flatMap(problemLines)];
}

function validLines(
  name: string,
  { sealed, totals, verdicts, externalLinks }: VerifyResult,
  elapsedMs: number,
): string[] {
  const lines = [
    sealed ? `${name}: valid` : `${name}: valid as far as can be told: it is unsealed, and carries no digests`,
  ];
  if (totals !== null) {
    const { entries, files, bytes } = totals;
    const proven = sealed ? ', every byte proven' : '';
    lines.push(
      `  ${count(entries, 'entry')} (${count(files, 'file')}), ${formatBytes(bytes)}${proven}, in ${formatDuration(elapsedMs)}`,
    );
  }
  if (externalLinks.length > 0) {
    lines.push('  links that lead out of the state directory; a restore wants --external-links keep or skip:');
    lines.push(...externalLinks.map((path) => `    ${path}`));
  }
  const losses = lossLines('when it was made, these were not to be had, or not as they should be:', verdicts);
  return [...lines, ...losses.map((line) => `  ${line}`)];
}

/** What to say of a folder of snapshots that was verified. */
export function shelfVerifyResult({ directory, valid, snapshots }: ShelfVerifyResult): Result {
  return {
    status: valid ? 0 : 4,
    fields: {
      directory,
      valid,
      snapshots: snapshots.map(({ snapshot, valid, problems }) => ({ ...shelvedFields(snapshot), valid, problems })),
    },
    urgent: !valid,
    lines: [
      ...snapshots.flatMap(({ snapshot, valid, problems }) => {
        if (!valid) return invalidLines(snapshot.name, problems);
        return [
          `${snapshot.name}: valid${snapshot.state === 'sealed' ? '' : ' as far as can be told: it is unsealed'}`,
        ];
      }),
      `${count(snapshots.length, 'snapshot')}, ${count(snapshots.filter(({ valid }) => !valid).length, 'of them not valid', 'of them not valid')}`,
    ],
  };
}
