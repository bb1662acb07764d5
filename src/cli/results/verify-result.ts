import { type BackupError, ERROR_CODES } from '../../errors.ts';
import type { DirectoryComparison, Problem, SnapshotInfo, VerifyFolderResult, VerifyResult } from '../../index.ts';
import { type ExitStatus, exitStatusOf } from '../exit-status.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes, formatDuration, formatTime } from '../text/amounts.ts';
import { commandHint } from '../text/command-hint.ts';
import { incompleteLines } from '../text/incomplete-text.ts';
import { problemLines } from '../text/problem-text.ts';
import { snapshotInfoFields } from '../text/snapshot-state-text.ts';
import type { Line } from '../text/table.ts';
import { changeLine, differenceFields, differenceStatus, statLines, unreadableLines } from './difference-lines.ts';

/** What to say of a snapshot that was verified. */
export function verifyResult(snapshot: string, result: VerifyResult, elapsedMs: number): Result {
  const { valid, problems } = result;
  const name = snapshot === '-' ? 'the snapshot' : snapshot;
  const bad = valid ? [] : invalidLines(name, problems);
  return {
    status: statusOf(problems),
    fields: { snapshot, elapsed_ms: Math.round(elapsedMs), ...verifiedFields(result) },
    urgent: bad,
    lines: valid ? validLines(name, result, elapsedMs) : bad,
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
  const differing = same ? [] : differingLines(directory, comparison);
  return {
    status: differenceStatus(comparison),
    fields: { ...verified.fields, against: { directory, ...differenceFields(comparison) } },
    urgent: differing,
    lines: [...verified.lines, ...(same ? [`${directory}: the same`] : differing)],
    incomplete: unreadableLines(comparison),
  };
}

function differingLines(directory: string, comparison: DirectoryComparison): Line[] {
  const changes = comparison.changes.map((change) => `  ${changeLine(change)}`);
  return [`${directory}: DIFFERS (+ only there, - missing there, ~ differs)`, ...changes, ...statLines(comparison)];
}

function verifiedFields(result: VerifyResult): Record<string, unknown> {
  const { valid, quick, sealed, problems, manifest, totals, statuses, externalLinks } = result;
  return { valid, quick, sealed, problems, manifest, totals, statuses, external_links: externalLinks };
}

/** 4 when something is wrong with the snapshot; 1 when all that is wrong is that the system did not let it be read. */
function statusOf(problems: readonly Problem[]): ExitStatus {
  if (problems.length === 0) return 0;
  return problems.some(({ code }) => ERROR_CODES[code] === 'invalid') ? 4 : 1;
}

function invalidLines(name: string, problems: readonly Problem[]): string[] {
  const what = statusOf(problems) === 4 ? 'NOT VALID' : 'COULD NOT BE READ';
  return [`${name}: ${what}, ${count(problems.length, 'problem')}`, ...problems.flatMap(problemLines)];
}

function validLines(
  name: string,
  { quick, sealed, totals, statuses, externalLinks }: VerifyResult,
  elapsedMs: number,
): string[] {
  const lines = [
    sealed ? `${name}: valid` : `${name}: valid as far as can be verified: it is a foreign archive, without digests`,
  ];
  if (totals !== null) {
    const { entries, files, bytes } = totals;
    const verified = sealed ? (quick ? ', every stored byte verified' : ', every byte verified') : '';
    lines.push(
      `  ${count(entries, 'entry')} (${count(files, 'file')}), ${formatBytes(bytes)}${verified}, in ${formatDuration(elapsedMs)}`,
    );
  }
  if (externalLinks.length > 0) {
    lines.push('  links that lead out of the state directory; a restore needs --external-links keep or skip:');
    lines.push(...externalLinks.map((path) => `    ${path}`));
  }
  const incomplete = incompleteLines('missing or inconsistent when it was made:', statuses);
  return [...lines, ...incomplete.map((line) => `  ${line}`)];
}

/** What to say of a folder of snapshots that was verified. */
export function verifyFolderResult({ directory, valid, snapshots }: VerifyFolderResult): Result {
  return {
    status: Math.max(...snapshots.map(({ problems }) => statusOf(problems))),
    fields: {
      directory,
      valid,
      snapshots: snapshots.map(({ snapshot, valid, problems, verification }) => ({
        ...snapshotInfoFields(snapshot),
        valid,
        quick: verification?.quick ?? false,
        problems,
      })),
    },
    urgent: snapshots.flatMap(({ snapshot, valid, problems }) => (valid ? [] : invalidLines(snapshot.name, problems))),
    lines: [
      ...snapshots.flatMap(({ snapshot, valid, problems, verification }) => {
        if (!valid) return invalidLines(snapshot.name, problems);
        if (snapshot.state !== 'sealed')
          return [`${snapshot.name}: valid as far as can be verified: it is a foreign archive`];
        return [`${snapshot.name}: valid${verification?.quick === true ? quickly(snapshot) : ''}`];
      }),
      `${count(snapshots.length, 'snapshot')}, ${count(snapshots.filter(({ valid }) => !valid).length, 'of them not valid', 'of them not valid')}`,
    ],
  };
}

function quickly({ verifiedAt }: SnapshotInfo): string {
  return verifiedAt === null ? ', by its digests' : `, by its digests; completely on ${formatTime(verifiedAt)}`;
}

/** What to say of a snapshot, one of several, that could not be verified at all. */
export function unreadResult(snapshot: string, { code, message, path, hint }: BackupError): Result {
  const lines = [
    `${snapshot}: COULD NOT BE VERIFIED`,
    `  ${code}: ${message}`,
    ...(hint === undefined ? [] : [`    ${commandHint(hint)}`]),
  ];
  return {
    status: exitStatusOf(code),
    fields: { snapshot, valid: false, error: { code, message, path, hint } },
    urgent: lines,
    lines,
  };
}

/** What to say of several that were verified: each, then the worst. */
export function severalResult(results: readonly Result[]): Result {
  const failed = results.filter(({ status }) => status !== 0);
  return {
    status: Math.max(...results.map(({ status }) => status)),
    fields: { valid: failed.length === 0, results: results.map(({ status, fields }) => ({ status, ...fields })) },
    urgent: results.flatMap(({ urgent = [] }) => urgent),
    lines: [
      ...results.flatMap(({ lines }) => lines),
      `${results.length} in all, ${failed.length} of them not valid or not to be read`,
    ],
  };
}
