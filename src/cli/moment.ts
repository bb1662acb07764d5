const COMPACT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:\d\d)?$/;

/**
 * A day or time as it is typed, as the output of the commands has it (`2026-11-22 10:57:28+01:00`), or as names of snapshots do
 * (`20261122T095728Z`). A day begins at midnight in the local time zone; a time without a zone is local too.
 *
 * @returns null for anything else
 */
export function parseMoment(text: string): Date | null {
  const compact = text.replace(COMPACT, '$1-$2-$3T$4:$5:$6Z');
  if (!DAY.test(compact) && !TIME.test(compact)) return null;
  const time = new Date(DAY.test(compact) ? `${compact}T00:00:00` : compact.replace(' ', 'T').replace(' ', ''));
  return Number.isNaN(time.getTime()) ? null : time;
}
