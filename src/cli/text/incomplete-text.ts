import { type FileStatus, isIncomplete } from '../../format/file-status.ts';

/** Names that a line has room for. */
const NAMED = 3;

interface NamedStatus {
  path: string;
  status: FileStatus;
  detail: string;
}

/** Every file that is lost or not as it should be, by name and with the reason; no lines if there is none. */
export function incompleteLines(heading: string, statuses: readonly NamedStatus[]): string[] {
  const incomplete = statuses.filter(({ status }) => isIncomplete(status));
  if (incomplete.length === 0) return [];
  return [
    heading,
    ...incomplete.map(({ path, status, detail }) => `  ${status.padEnd(10)}  ${path}${detail ? `: ${detail}` : ''}`),
  ];
}

/** Whether there is a missing file among them. */
export function isAnyIncomplete(statuses: readonly NamedStatus[]): boolean {
  return statuses.some(({ status }) => isIncomplete(status));
}

/** What was deleted while the snapshot was made: a few names, and how many more; null if nothing was. */
export function deletedNames(statuses: readonly NamedStatus[]): string | null {
  const names = statuses.filter(({ status }) => status === 'deleted').map(({ path }) => path);
  if (names.length === 0) return null;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).join(', ') + more;
}

/** How many files changed while they were read and were captured nevertheless: `2 retried, 1 truncated`; null if none. */
export function recoveredSummary(statuses: readonly NamedStatus[]): string | null {
  const parts = (['retried', 'truncated'] as const).flatMap((kind) => {
    const number = statuses.filter(({ status }) => status === kind).length;
    return number === 0 ? [] : [`${number} ${kind}`];
  });
  return parts.length === 0 ? null : parts.join(', ');
}
