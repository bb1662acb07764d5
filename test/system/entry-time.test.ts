import { statSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utimesTime } from '../../src/system/entry-time.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** What the file system says after a file was given a time, in nanoseconds. */
function afterSetting(mtime: number, mtimeNs: number): bigint {
  const file = room.path('file');
  const time = utimesTime({ mtime, mtimeNs });
  utimesSync(file, time, time);
  return statSync(file, { bigint: true }).mtimeNs;
}

// Node up to 22 cuts to microseconds; from 24 on it hands on what a double has.
test('a time is set to its microsecond, whatever this Node makes of a fraction', () => {
  writeFileSync(room.path('file'), '');
  const seconds = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(seconds, fc.integer({ min: 0, max: 999_999_999 }), (mtime, mtimeNs) => {
      const more = afterSetting(mtime, mtimeNs) - (BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNs - (mtimeNs % 1000)));
      expect(more >= 0n && more < 1000n).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('a whole second is set exactly', () => {
  writeFileSync(room.path('file'), '');
  for (const mtime of [-(2 ** 31), -1, 0, 1, 1_600_000_000, 2 ** 31, 2 ** 32 - 1])
    expect(afterSetting(mtime, 0)).toBe(BigInt(mtime) * 1_000_000_000n);
});
