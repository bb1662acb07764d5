import { afterAll, describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, formatNumber, formatTime } from '../../../src/cli/text/amounts.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [10_188, '9.9 KiB'],
  [10_189, '10 KiB'],
  [1_048_063, '1023 KiB'],
  [1_048_064, '1.0 MiB'],
  [5 * 2 ** 30, '5.0 GiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('numbers have their thousands apart, and nouns their number', () => {
  expect([0, 999, 1000, 1_234_567].map(formatNumber)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([count(1, 'entry'), count(0, 'entry'), count(20_000, 'file')]).toEqual([
    '1 entry',
    '0 entries',
    '20,000 files',
  ]);
});

it('durations are as exact as they are short', () => {
  expect([40, 9949, 9950, 61_000, 3_723_000].map(formatDuration)).toEqual([
    '0.0 s',
    '9.9 s',
    '10 s',
    '1:01 min',
    '1:02:03 h',
  ]);
});

describe('times', () => {
  const zone = process.env.TZ;
  afterAll(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it.each([
    ['UTC', '2026-07-02T03:04:05Z', '2026-07-02 03:04:05+00:00'],
    ['Europe/Berlin', '2026-07-02T03:04:05Z', '2026-07-02 05:04:05+02:00'],
    ['Europe/Berlin', '2026-01-02T03:04:05Z', '2026-01-02 04:04:05+01:00'],
    ['America/St_Johns', '2026-01-02T03:04:05Z', '2026-01-01 23:34:05-03:30'],
    ['Asia/Kathmandu', '2026-01-02T03:04:05Z', '2026-01-02 08:49:05+05:45'],
  ])('are those of the zone, which they name: %s', (tz, time, text) => {
    process.env.TZ = tz;
    expect(formatTime(new Date(time))).toBe(text);
    expect(new Date(text.replace(' ', 'T'))).toEqual(new Date(time));
  });
});
