/** A day as a wall calendar has it; January is 1. */
export interface CalendarDay {
  year: number;
  month: number;
  day: number;
}

/** Which day it is at an instant. This is where a time zone comes in, and the only place. */
export type Calendar = (time: Date) => CalendarDay;

/** Days of the time zone that the process runs in (`TZ`), with the daylight saving time of that date. */
export const localCalendar: Calendar = (time) => ({
  year: time.getFullYear(),
  month: time.getMonth() + 1,
  day: time.getDate(),
});

const MS_PER_DAY = 24 * 60 * 60 * 1000;

/** The ISO 8601 week of a day, as "2026-W01": weeks begin on Monday and belong to the year of their Thursday. */
export function isoWeek({ year, month, day }: CalendarDay): string {
  // Calculated in UTC, where every day has 24 hours.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const daysSinceMonday = (date.getUTCDay() + 6) % 7;
  date.setUTCDate(date.getUTCDate() - daysSinceMonday + 3);
  const weekYear = date.getUTCFullYear();
  const newYear = new Date(0);
  newYear.setUTCFullYear(weekYear, 0, 1);
  const week = 1 + Math.floor((date.getTime() - newYear.getTime()) / (7 * MS_PER_DAY));
  return `${weekYear}-W${String(week).padStart(2, '0')}`;
}
