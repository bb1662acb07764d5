/** Clocks of two machines differ by less. What is dated further ahead is not taken for the newest. */
const CLOCK_TOLERANCE_MS = 10 * 60 * 1000;

/** Whether a snapshot is dated ahead of a clock: neither retention nor `findLatest` takes it then. */
export function isInTheFuture(time: Date, now: Date): boolean {
  return time.getTime() > now.getTime() + CLOCK_TOLERANCE_MS;
}
