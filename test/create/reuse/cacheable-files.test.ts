import { describe, expect, test } from 'vitest';
import type { CaptureItem } from '../../../src/capture/capture-item.ts';
import { CacheableFiles } from '../../../src/create/reuse/cacheable-files.ts';
import { recordsEveryWrite } from '../../../src/system/change-times.ts';
import { DISK_FOLDER } from '../../test-folder.ts';

const BEGAN_MS = 1_770_000_000_000;
const ROOT = `${DISK_FOLDER}/`;

/** A file whose times are so many milliseconds before the capture. */
function file(mtimeAgo: number, ctimeAgo = mtimeAgo, nanoseconds = 77): CaptureItem & { type: 'file' } {
  const at = (ago: number) => BigInt(BEGAN_MS - ago) * 1_000_000n + BigInt(nanoseconds);
  const expect = { dev: 1n, ino: 5n, size: 3, mtimeNs: at(mtimeAgo), ctimeNs: at(ctimeAgo) };
  const source = { kind: 'live' as const, absolute: `${ROOT}.`, expect, idleDatabase: false, mapped: false };
  return { path: '.', type: 'file', mode: 0o644, uid: 0, gid: 0, mtimeNs: at(mtimeAgo), size: 3, source };
}

describe.skipIf(!recordsEveryWrite(DISK_FOLDER))(
  'of a file inode and times will show whether it was written to',
  () => {
    const cacheable = new CacheableFiles(BEGAN_MS, ROOT);

    test('if both times are older than the capture by more than the granularity of the clock', () => {
      expect(cacheable.isCacheable(file(60_000))).toBe(true);
      expect(cacheable.isCacheable(file(25))).toBe(true);
      expect(cacheable.isCacheable(file(15))).toBe(false);
      expect(cacheable.isCacheable(file(60_000, 15))).toBe(false);
      expect(cacheable.isCacheable(file(15, 60_000))).toBe(false);
      expect(cacheable.isCacheable(file(-3_600_000, 60_000))).toBe(false);
      expect(cacheable.isCacheable(file(60_000, -3_600_000))).toBe(false);
    });

    test('a stamp of whole seconds may be that of a coarse clock, and must be older', () => {
      expect(cacheable.isCacheable(file(5000, 5000, 0))).toBe(false);
      expect(cacheable.isCacheable(file(60_000, 5000, 0))).toBe(false);
      expect(cacheable.isCacheable(file(60_000, 60_000, 0))).toBe(true);
    });

    test('not if a process has it mapped, or something else than the file itself was captured', () => {
      const live = file(60_000);
      if (live.source.kind !== 'live') throw new Error('it is');
      expect(cacheable.isCacheable({ ...live, source: { ...live.source, mapped: true } })).toBe(false);
      expect(cacheable.isCacheable({ ...live, source: { kind: 'bytes', bytes: Buffer.from('abc') } })).toBe(false);
      const copy = { kind: 'copy' as const, absolute: '/copy', status: 'ok' as const, detail: '', release() {} };
      expect(cacheable.isCacheable({ ...live, source: copy })).toBe(false);
      expect(cacheable.isCacheable({ ...live, type: 'hardlink', link: 'a', source: live.source })).toBe(false);
      expect(cacheable.isCacheable({ path: 'd', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, type: 'directory' })).toBe(
        false,
      );
    });

    test('nor on a file system that does not keep its times', () => {
      const cacheable = new CacheableFiles(BEGAN_MS, '/proc/');
      const live = file(60_000);
      if (live.source.kind !== 'live') throw new Error('it is');
      const there = { ...live, path: 'version', source: { ...live.source, absolute: '/proc/version' } };
      expect(cacheable.isCacheable(there)).toBe(false);
    });
  },
);
