import { describe, expect, test } from 'vitest';
import type { CaptureItem } from '../../../src/capture/capture-item.ts';
import { SettledFiles } from '../../../src/create/reuse/settled-files.ts';
import { tellsEveryWrite } from '../../../src/system/change-times.ts';
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

describe.skipIf(!tellsEveryWrite(DISK_FOLDER))('of a file inode and times will tell whether it was written to', () => {
  const settled = new SettledFiles(BEGAN_MS, ROOT);

  test('if both times are older than the capture by more than the granularity of the clock', () => {
    expect(settled.isSettled(file(60_000))).toBe(true);
    expect(settled.isSettled(file(25))).toBe(true);
    expect(settled.isSettled(file(15))).toBe(false);
    expect(settled.isSettled(file(60_000, 15))).toBe(false);
    expect(settled.isSettled(file(15, 60_000))).toBe(false);
    expect(settled.isSettled(file(-3_600_000, 60_000))).toBe(false);
    expect(settled.isSettled(file(60_000, -3_600_000))).toBe(false);
  });

  test('a stamp of whole seconds may be that of a coarse clock, and must be older', () => {
    expect(settled.isSettled(file(5000, 5000, 0))).toBe(false);
    expect(settled.isSettled(file(60_000, 5000, 0))).toBe(false);
    expect(settled.isSettled(file(60_000, 60_000, 0))).toBe(true);
  });

  test('not if a process has it mapped, or something else than the file itself was captured', () => {
    const live = file(60_000);
    if (live.source.kind !== 'live') throw new Error('it is');
    expect(settled.isSettled({ ...live, source: { ...live.source, mapped: true } })).toBe(false);
    expect(settled.isSettled({ ...live, source: { kind: 'bytes', bytes: Buffer.from('abc') } })).toBe(false);
    const copy = { kind: 'copy' as const, absolute: '/copy', status: 'ok' as const, detail: '', release() {} };
    expect(settled.isSettled({ ...live, source: copy })).toBe(false);
    expect(settled.isSettled({ ...live, type: 'hardlink', link: 'a', source: live.source })).toBe(false);
    expect(settled.isSettled({ path: 'd', mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n, type: 'directory' })).toBe(false);
  });

  test('nor on a file system that does not keep its times', () => {
    const settled = new SettledFiles(BEGAN_MS, '/proc/');
    const live = file(60_000);
    if (live.source.kind !== 'live') throw new Error('it is');
    const there = { ...live, path: 'version', source: { ...live.source, absolute: '/proc/version' } };
    expect(settled.isSettled(there)).toBe(false);
  });
});
