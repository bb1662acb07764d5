import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoWeek, localCalendar } from '../../src/catalog/calendar.ts';

const utc = (time: Date) => ({ year: time.getUTCFullYear(), month: time.getUTCMonth() + 1, day: time.getUTCDate() });

// From `date +%G-W%V`.
test.each([
  ['2020-12-31', '2020-W53'],
  ['2021-01-03', '2020-W53'],
  ['2021-01-04', '2021-W01'],
  ['2024-12-29', '2024-W52'],
  ['2024-12-30', '2025-W01'],
  ['2026-12-31', '2026-W53'],
  ['2027-01-01', '2026-W53'],
  ['0050-01-01', '0049-W52'],
])('%s is in %s', (day, week) => {
  expect(isoWeek(utc(new Date(day)))).toBe(week.replace(/^0+/, ''));
});

test('a week changes on Mondays, and only then', () => {
  const day = fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(day, (date) => {
      const dayBefore = new Date(date.getTime() - 86_400_000);
      expect(isoWeek(utc(date)) !== isoWeek(utc(dayBefore))).toBe(date.getUTCDay() === 1);
    }),
  );
});

test('the local calendar is that of the clock on the wall', () => {
  expect(localCalendar(new Date(2026, 0, 1, 0, 0, 0))).toEqual({ year: 2026, month: 1, day: 1 });
  expect(localCalendar(new Date(2025, 11, 31, 23, 59, 59))).toEqual({ year: 2025, month: 12, day: 31 });
});
