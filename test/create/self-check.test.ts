import { describe, expect, test } from 'vitest';
import type { CaptureItem } from '../../src/capture/capture-item.ts';
import { refuseBeyondLimits } from '../../src/create/limits.ts';
import { SelfCheck } from '../../src/create/self-check.ts';
import type { Entry } from '../../src/format/entry.ts';
import { encodeRoot, type NewIndexRoot } from '../../src/format/index-root.ts';
import { validateBlock } from '../../src/read/validate-block.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';

const directory = (path: string, more: Partial<Entry> = {}): Entry => ({
  ...{ path, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, size: 0 },
  ...more,
});
const validated = (...entries: Entry[]) => validateBlock(entries, 'linux', new Set());
const failed = expect.objectContaining({ code: 'SELF_CHECK_FAILED', exitStatus: 1 });

describe('what no reader would take is not sealed', () => {
  test('but what they take is', () => {
    const check = new SelfCheck();
    check.add(validated(directory('a'), directory('a/b')));
    check.add(validated(directory('a/c'), directory('d')));
  });
  test.each<[string, Entry[][]]>([
    ['entries out of order', [[directory('b'), directory('a')]]],
    ['blocks out of order', [[directory('b')], [directory('a')]]],
    ['an entry twice', [[directory('a')], [directory('a')]]],
    ['an entry without its directory', [[directory('a/b')]]],
    ['a name that leads out', [[directory('../a')]]],
    ['a manifest among the entries', [[directory('manifest.json')]]],
    ['a set-user-id directory', [[directory('a', { mode: 0o4755 })]]],
  ])('%s', (_, blocks) => {
    const check = new SelfCheck();
    expect(() => {
      for (const entries of blocks) check.add(validated(...entries));
    }).toThrow(failed);
  });

  const counts = { entries: 1, files: 0, directories: 1, symlinks: 0, hard_links: 0, bytes: 0, tar_bytes: 512 };
  const header: NewIndexRoot = {
    format: 1,
    compression: { library: 'none', version: '0', levels: {} },
    manifest: {
      ...{ version: 1, created_at: '2026-03-03T02:00:00Z', oxios_version: 'unknown', snapshot_format: 1 },
      ...{ sections: [], files: 0, bytes: 0 },
    },
    directory: { mode: 0o755, uid: 0, gid: 0, mtime: 0, mtime_ns: 0 },
    totals: counts,
    statuses: [],
    pages: [],
  };
  const finish = (change: Partial<NewIndexRoot>) => () => {
    const check = new SelfCheck();
    check.add(validated(directory('a')));
    check.finish(encodeRoot({ ...header, ...change }, NODE_CODEC));
  };
  test('totals and sections at odds', () => {
    expect(finish({})).not.toThrow();
    expect(finish({ totals: { ...counts, directories: 2 } })).toThrow(failed);
    const sections = [{ name: 'seeds', entry_count: 1 }];
    expect(finish({ manifest: { ...header.manifest, sections } })).toThrow(failed);
  });
  test('a header that cannot be read', () => {
    expect(finish({ directory: { ...header.directory, uid: -1 } })).toThrow(failed);
  });
});

describe('what a snapshot cannot hold is refused at once', () => {
  const item = (path: string, size = 0) => ({ path, type: 'file', size }) as CaptureItem;
  test('but nothing else', () => {
    for (const path of ['a', 'n'.repeat(1023), Array(20).fill('d'.repeat(200)).join('/')])
      expect(() => refuseBeyondLimits(item(path, 2 ** 39))).not.toThrow();
  });
  test.each([
    ['a file of more than 512 GiB', 'a', 2 ** 39 + 1],
    ['a name of 1,024 bytes', '語'.repeat(342), 0],
    ['a path of 4,096 bytes', Array(21).fill('d'.repeat(200)).join('/'), 0],
  ])('%s', (_, path, size) => {
    const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED', exitStatus: 1, path });
    expect(() => refuseBeyondLimits(item(path, size))).toThrow(limit);
  });
});
