import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Calendar } from '../../src/catalog/calendar.ts';
import { applyRetention, type Retainable, type RetentionPolicy } from '../../src/catalog/retention.ts';
import recorded from './recorded-vectors.json' with { type: 'json' };

/** The calendar of any time zone, from the system's tables. */
function calendarOf(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric' });
  return (time) => {
    const [month = 0, day = 0, year = 0] = format.format(time).split('/').map(Number);
    return { year, month, day };
  };
}

/** All hold the same; what holds less is the matter of drops.test.ts. */
const SIZE = { files: 10, bytes: 1000 };

const at = (time: string, more: Partial<Retainable> = {}): Retainable => ({
  name: time,
  time: new Date(time),
  verified: false,
  complete: true,
  ...SIZE,
  ...more,
});

const kept = (snapshots: Retainable[], policy: RetentionPolicy, calendar: Calendar): Retainable[] =>
  applyRetention(snapshots, policy, calendar)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ snapshot }) => snapshot);

const isoTimes = (snapshots: Retainable[]) => snapshots.map(({ time }) => time.toISOString()).sort();

describe.each(recorded.sets)('$name ($timeZone)', ({ timeZone, times, restic, borg }) => {
  const snapshots = times.map((time) => at(time));
  const calendar = calendarOf(timeZone);
  const title = ({ policy }: { policy: RetentionPolicy }) => JSON.stringify(policy);

  // 0.14 does not yet keep the oldest snapshot while a rule has counts left; restic 0.17 does.
  test.each(restic.map((run) => [title(run), run] as const))(
    `as ${recorded.restic.split(' compiled')[0]}: %s`,
    (_, run) => {
      const withOldest = run.unspent ? new Set([times[0], ...run.kept]) : new Set(run.kept);
      expect(isoTimes(kept(snapshots, run.policy, calendar))).toEqual([...withOldest].sort());
    },
  );

  test.each(borg.map((run) => [title(run), run] as const))(`as ${recorded.borg}: %s`, (_, run) => {
    const decided = applyRetention(snapshots, run.policy, calendar).filter(({ reasons }) => reasons.length > 0);
    expect(isoTimes(decided.map(({ snapshot }) => snapshot))).toEqual(run.kept);
    const oldest = decided.some(({ reasons }) => reasons.some((reason) => reason.startsWith('oldest')));
    expect(oldest).toBe(run.unspent);
  });
});

const count = fc.integer({ min: 0, max: 8 });
const policy = fc
  .record(
    { keepLast: count, keepDaily: count, keepWeekly: count, keepMonthly: count, keepYearly: count },
    { requiredKeys: [] },
  )
  .filter((policy) => Object.values(policy).some((count) => count > 0));

/** Around a night when the clocks change, or anywhere in some years. */
const moment = fc.oneof(
  fc.date({ min: new Date('2009-06-01'), max: new Date('2012-06-01'), noInvalidDate: true }),
  // St. John's set its clocks back at 00:01, so that this day ended twice.
  fc.date({ min: new Date('2010-11-06T12:00:00Z'), max: new Date('2010-11-08T12:00:00Z'), noInvalidDate: true }),
  fc.date({ min: new Date('2011-12-29T00:00:00Z'), max: new Date('2012-01-02T00:00:00Z'), noInvalidDate: true }),
  fc.constantFrom(new Date('2011-03-27T01:00:00Z'), new Date('2011-10-16T03:00:00Z')),
);
const folder = fc
  .array(fc.record({ time: moment, verified: fc.boolean(), complete: fc.boolean() }), { maxLength: 30 })
  .map((rows) => rows.map((row, number): Retainable => ({ name: `snapshot ${number}`, ...SIZE, ...row })));
const calendar = fc
  .constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'America/Sao_Paulo', 'Pacific/Apia', 'Asia/Kolkata')
  .map(calendarOf);

describe('for every folder, policy and time zone', () => {
  test('the newest verified snapshot stays, and the newest that is verified and complete', () => {
    fc.assert(
      fc.property(folder, policy, calendar, (snapshots, policy, calendar) => {
        const decided = applyRetention(snapshots, policy, calendar);
        const verified = decided.filter(({ snapshot }) => snapshot.verified);
        for (const row of [verified[0], verified.find(({ snapshot }) => snapshot.complete)])
          if (row !== undefined) expect(row.reasons).not.toEqual([]);
      }),
    );
  });

  test('something stays, the newest in any case', () => {
    fc.assert(
      fc.property(folder, policy, calendar, (snapshots, policy, calendar) => {
        const [newest] = applyRetention(snapshots, policy, calendar);
        if (snapshots.length > 0) expect(newest?.reasons).not.toEqual([]);
      }),
    );
  });

  test('no rule keeps more than it says', () => {
    fc.assert(
      fc.property(folder, policy, calendar, (snapshots, policy, calendar) => {
        const reasons = applyRetention(snapshots, policy, calendar).flatMap(({ reasons }) => reasons);
        for (const [option, count] of Object.entries(policy)) {
          const rule = option.replace('keep', '').toLowerCase();
          const used = reasons.filter((reason) => reason === rule || reason === `oldest ${rule}`);
          expect(used.length).toBeLessThanOrEqual(count);
        }
      }),
    );
  });

  test('a rule keeps one snapshot of a day, the newest', () => {
    fc.assert(
      fc.property(folder, fc.integer({ min: 1, max: 8 }), calendar, (snapshots, keepDaily, calendar) => {
        const dayOf = ({ time }: Retainable) => Object.values(calendar(time)).join();
        const decided = applyRetention(snapshots, { keepDaily }, calendar);
        const daily = decided.filter(({ reasons }) => reasons.includes('daily')).map(({ snapshot }) => snapshot);
        expect(new Set(daily.map(dayOf)).size).toBe(daily.length);
        for (const snapshot of daily) {
          const sameDay = snapshots.filter((other) => dayOf(other) === dayOf(snapshot));
          expect(Math.max(...sameDay.map(({ time }) => time.getTime()))).toBe(snapshot.time.getTime());
        }
      }),
    );
  });

  test('pruning again removes nothing more', () => {
    fc.assert(
      fc.property(folder, policy, calendar, (snapshots, policy, calendar) => {
        const once = kept(snapshots, policy, calendar);
        expect(kept(once, policy, calendar)).toEqual(once);
      }),
    );
  });

  test('a rule that keeps more removes nothing that a smaller one kept', () => {
    const rule = fc.constantFrom('keepLast', 'keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly');
    fc.assert(
      fc.property(folder, policy, rule, calendar, (snapshots, policy, rule, calendar) => {
        const more = kept(snapshots, { ...policy, [rule]: (policy[rule as keyof RetentionPolicy] ?? 0) + 1 }, calendar);
        for (const snapshot of kept(snapshots, policy, calendar)) expect(more).toContain(snapshot);
      }),
    );
  });

  test('the order in which a folder is read makes no difference', () => {
    fc.assert(
      fc.property(folder, policy, calendar, fc.infiniteStream(fc.nat()), (snapshots, policy, calendar, random) => {
        const order = new Map(snapshots.map((snapshot) => [snapshot, random.next().value]));
        const shuffled = snapshots.toSorted((a, b) => order.get(a) - order.get(b));
        expect(applyRetention(shuffled, policy, calendar)).toEqual(applyRetention(snapshots, policy, calendar));
      }),
    );
  });
});

describe('reasons', () => {
  test('each rule that wants a snapshot is named, and the oldest as such', () => {
    const decided = applyRetention(
      [at('2026-01-01T01:00:00Z'), at('2026-01-01T02:00:00Z'), at('2026-01-02T01:00:00Z')],
      { keepLast: 1, keepDaily: 3 },
      calendarOf('UTC'),
    );
    expect(decided.map(({ reasons }) => reasons)).toEqual([['last', 'daily'], ['daily'], ['oldest daily']]);
  });

  test('the last good backup, and the last without incomplete', () => {
    const decided = applyRetention(
      [
        at('2026-01-01', { verified: true }),
        at('2026-01-02', { verified: true }),
        at('2026-01-03', { verified: true, complete: false }),
        at('2026-01-04'),
      ],
      { keepLast: 1 },
      calendarOf('UTC'),
    );
    expect(decided.map(({ reasons }) => reasons)).toEqual([['last'], ['newest verified'], ['newest complete'], []]);
  });

  test('a day that ended twice counts once', () => {
    // 7 November began at 02:30Z, was left again at 02:31Z for 6 November 23:01, and came back at 03:30Z.
    const times = ['2010-11-07T02:29:00Z', '2010-11-07T02:30:30Z', '2010-11-07T02:45:00Z', '2010-11-07T03:45:00Z'];
    const calendar = calendarOf('America/St_Johns');
    expect(times.map((time) => calendar(new Date(time)).day)).toEqual([6, 7, 6, 7]);
    const decided = applyRetention(
      times.map((time) => at(time)),
      { keepDaily: 2 },
      calendar,
    );
    expect(decided.map(({ reasons }) => reasons)).toEqual([['daily'], ['daily'], [], []]);
  });
});

test.each([
  [{}, 'no rule says which snapshots to keep'],
  [{ keepLast: 0, keepDaily: 0 }, 'no rule says which snapshots to keep'],
  [{ keepLast: 3, keepDaily: -1 }, 'keepDaily must be a whole number from 0 to 1000000, not -1'],
  [{ keepWeekly: 1.5 }, 'keepWeekly must be a whole number from 0 to 1000000, not 1.5'],
  [{ keepYearly: Number.NaN }, 'keepYearly must be a whole number from 0 to 1000000, not NaN'],
])('refuses %j', (policy, message) => {
  expect(() => applyRetention([], policy)).toThrow(expect.objectContaining({ code: 'USAGE', message }));
});
