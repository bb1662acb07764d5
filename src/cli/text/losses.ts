import { isLoss, type Verdict } from '../../capture/verdict.ts';

/** Names that a line has room for. */
const NAMED = 3;

interface NamedVerdict {
  path: string;
  verdict: Verdict;
  detail: string;
}

/** Every file that is lost or not as it should be, by name and with the reason; no lines if there is none. */
export function lossLines(heading: string, verdicts: readonly NamedVerdict[]): string[] {
  const losses = verdicts.filter(({ verdict }) => isLoss(verdict));
  if (losses.length === 0) return [];
  return [
    heading,
    ...losses.map(({ path, verdict, detail }) => `  ${verdict.padEnd(10)}  ${path}${detail ? `: ${detail}` : ''}`),
  ];
}

/** Whether there is a loss among them. */
export function namesLoss(verdicts: readonly NamedVerdict[]): boolean {
  return verdicts.some(({ verdict }) => isLoss(verdict));
}

/** What was deleted while the snapshot was made: a few names, and how many more; null if nothing was. */
export function deletedNames(verdicts: readonly NamedVerdict[]): string | null {
  const names = verdicts.filter(({ verdict }) => verdict === 'vanished').map(({ path }) => path);
  if (names.length === 0) return null;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).join(', ') + more;
}

/** How many files were not clean at once without being lost: `2 retried, 1 trimmed`; null if none. */
export function mildVerdicts(verdicts: readonly NamedVerdict[]): string | null {
  const parts = (['retried', 'trimmed'] as const).flatMap((kind) => {
    const number = verdicts.filter(({ verdict }) => verdict === kind).length;
    return number === 0 ? [] : [`${number} ${kind}`];
  });
  return parts.length === 0 ? null : parts.join(', ');
}
