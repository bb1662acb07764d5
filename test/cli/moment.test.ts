import { expect, it } from 'vitest';
import { parseMoment } from '../../src/cli/moment.ts';
import { formatTime } from '../../src/cli/text/amounts.ts';

it.each([
  ['2026-11-20', new Date(2026, 10, 20)],
  ['2026-11-20T18:30', new Date(2026, 10, 20, 18, 30)],
  ['2026-11-20 18:30:05', new Date(2026, 10, 20, 18, 30, 5)],
  ['2026-11-20T18:30Z', new Date('2026-11-20T18:30:00Z')],
  ['2026-11-20 18:30:05+01:00', new Date('2026-11-20T17:30:05Z')],
  ['2026-11-20 18:30 -03:30', new Date('2026-11-20T22:00:00Z')],
  ['20261122T095728Z', new Date('2026-11-22T09:57:28Z')],
])('%s is understood', (text, moment) => {
  expect(parseMoment(text)).toEqual(moment);
});

it.each(['', 'yesterday', '2026', '2026-13-01', '2026-11-20T25:00', '2026-11-20T18', '20261122', '1', '2026-11-20x'])(
  '%j is no moment',
  (text) => {
    expect(parseMoment(text)).toBeNull();
  },
);

it('what is printed is understood', () => {
  const moment = new Date(1_790_000_000_000);
  expect(parseMoment(formatTime(moment))).toEqual(moment);
});
