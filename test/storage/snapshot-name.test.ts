import { expect, test } from 'vitest';
import { defaultSnapshotName, isDefaultSnapshotName, snapshotNameTime } from '../../src/storage/snapshot-name.ts';

test('the name shows the time in UTC, and four characters by which names of one second differ', () => {
  expect(defaultSnapshotName(new Date('2026-07-03T02:05:09.999Z'))).toMatch(
    /^oxios-backup-20260703T020509Z-[a-z2-7]{4}\.tar\.gz$/,
  );
  const names = Array.from({ length: 100 }, () => defaultSnapshotName(new Date(0)));
  expect(new Set(names).size).toBeGreaterThan(90);
});

test('names sort as the times do, and show them', () => {
  const times = ['2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z', '2026-10-09T00:00:00Z', '2026-10-10T00:00:00Z'];
  const names = times.map((time) => defaultSnapshotName(new Date(time)));
  expect(names.toSorted()).toEqual(names);
  expect(names.every(isDefaultSnapshotName)).toBe(true);
  expect(names.map(snapshotNameTime)).toEqual(times.map((time) => new Date(time)));
});

test.each([
  'oxios-backup-20260703T020509Z-k3fa.tar.gz.part',
  'x-oxios-backup-20260703T020509Z-k3fa.tar.gz',
  'oxios-backup-20260703T020509Z.tar.gz',
  'oxios-backup-20260703T020509Z-K3FA.tar.gz',
  'oxios-backup-20260703_020509.tar.gz',
  'oxios-backup.tar.gz',
])('%s is no such name', (name) => {
  expect(isDefaultSnapshotName(name)).toBe(false);
  expect(snapshotNameTime(name)).toBeNull();
});

test('a time that does not exist is none', () => {
  expect(snapshotNameTime('oxios-backup-20261341T020509Z-k3fa.tar.gz')).toBeNull();
});
