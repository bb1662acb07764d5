/** Times and policies that restic, borg and this program are compared on. */
import type { RetentionPolicy } from '../../src/catalog/retention.ts';

/** What one program kept under one policy. */
export interface RecordedRun {
  policy: RetentionPolicy;
  /** Times of the snapshots, sorted. */
  kept: string[];
  /** restic: whether a rule had counts left. borg: whether a rule kept the oldest for that. */
  unspent: boolean;
}

export interface RecordedSet {
  name: string;
  timeZone: string;
  /** Sorted. */
  times: string[];
  restic: RecordedRun[];
  borg: RecordedRun[];
}

export const RULES: RetentionPolicy[] = [
  { keepLast: 1 },
  { keepLast: 5 },
  { keepLast: 100 },
  { keepDaily: 1 },
  { keepDaily: 3 },
  { keepDaily: 14 },
  { keepDaily: 100 },
  { keepWeekly: 2 },
  { keepWeekly: 6 },
  { keepWeekly: 100 },
  { keepMonthly: 2 },
  { keepMonthly: 5 },
  { keepMonthly: 100 },
  { keepYearly: 1 },
  { keepYearly: 2 },
  { keepYearly: 10 },
  { keepLast: 2, keepDaily: 3 },
  { keepDaily: 7, keepWeekly: 4, keepMonthly: 12 },
  { keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 75 },
  { keepLast: 3, keepYearly: 2 },
  { keepWeekly: 3, keepMonthly: 3 },
  { keepLast: 1, keepDaily: 2, keepWeekly: 2, keepMonthly: 2, keepYearly: 2 },
];

/** Every `days` from `first`, at the UTC time of it. */
function every(days: number, count: number, first: string): string[] {
  return Array.from({ length: count }, (_, at) => {
    const time = new Date(first);
    time.setUTCDate(time.getUTCDate() + at * days);
    return time.toISOString();
  });
}

const sets: { name: string; timeZone: string; times: string[] }[] = [
  { name: 'one', timeZone: 'UTC', times: ['2026-03-01T12:00:00.000Z'] },
  { name: 'sundays', timeZone: 'UTC', times: every(7, 12, '2019-09-01T11:00:00Z') },
  {
    // Several a day, two of them beside midnight; the clock changes on 2025-03-30 and 2025-10-26; weeks across three New Years.
    name: 'berlin',
    timeZone: 'Europe/Berlin',
    times: [
      ...['2023-12-31T22:59:59.000Z', '2023-12-31T23:00:00.000Z', '2024-01-01T08:00:00.000Z'],
      ...['2024-12-29T22:30:00.000Z', '2024-12-29T23:30:00.000Z', '2024-12-31T12:00:00.000Z'],
      ...['2025-03-29T22:59:00.000Z', '2025-03-29T23:01:00.000Z', '2025-03-30T21:59:00.000Z'],
      ...['2025-03-30T22:00:00.000Z', '2025-10-25T21:59:00.000Z', '2025-10-25T22:00:00.000Z'],
      ...['2025-10-26T22:59:00.000Z', '2025-10-26T23:00:00.000Z', '2025-12-28T23:00:00.000Z'],
      ...['2026-01-01T00:00:00.000Z', '2026-01-04T22:59:59.000Z', '2026-01-04T23:00:00.000Z'],
      ...every(1, 10, '2026-01-06T02:00:00Z'),
      ...['2026-01-15T02:00:01.000Z', '2026-01-15T12:00:00.000Z', '2026-01-15T22:59:59.000Z'],
    ],
  },
  {
    // No 30 December in that year; 13 to 14 hours ahead of UTC.
    name: 'apia',
    timeZone: 'Pacific/Apia',
    times: ['2011-12-28T09:00:00.000Z', '2011-12-28T10:30:00.000Z', ...every(1, 6, '2011-12-29T09:30:00Z')],
  },
  {
    name: 'kolkata',
    timeZone: 'Asia/Kolkata',
    times: every(1, 9, '2026-05-28T18:29:59Z').concat(every(2, 4, '2026-05-28T18:30:00Z')),
  },
];

export const TIME_SETS = sets.map((set) => ({ ...set, times: set.times.toSorted() }));
