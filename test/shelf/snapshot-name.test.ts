import { expect, test } from 'vitest';
import { defaultSnapshotName, isDefaultSnapshotName } from '../../src/shelf/snapshot-name.ts';

test('the name tells the local time', () => {
  expect(defaultSnapshotName(new Date(2026, 6, 3, 2, 5, 9))).toBe('oxios-backup-20260703_020509.tar.gz');
});

test('names sort as the times do', () => {
  const times = [new Date(2025, 11, 31, 23, 59, 59), new Date(2026, 0, 1), new Date(2026, 9, 9), new Date(2026, 9, 10)];
  const names = times.map(defaultSnapshotName);
  expect(names.toSorted()).toEqual(names);
  expect(names.every(isDefaultSnapshotName)).toBe(true);
});

test.each(['oxios-backup-20260703_020509.tar.gz.part', 'x-oxios-backup-20260703_020509.tar.gz', 'oxios-backup.tar.gz'])(
  '%s is no such name',
  (name) => {
    expect(isDefaultSnapshotName(name)).toBe(false);
  },
);
