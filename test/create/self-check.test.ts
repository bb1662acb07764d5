import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CaptureItem, LiveSource } from '../../src/capture/capture-item.ts';
import { SeenTree } from '../../src/capture/seen-tree.ts';
import { IndexSpool } from '../../src/create/index-spool.ts';
import { IndexWriter } from '../../src/create/index-writer.ts';
import { refuseBeyondLimits } from '../../src/create/limits.ts';
import type { PackPool } from '../../src/create/pack-pool.ts';
import { SelfCheck } from '../../src/create/self-check.ts';
import { SnapshotWriter } from '../../src/create/snapshot-writer.ts';
import type { Entry } from '../../src/format/entry.ts';
import { encodeRoot, type NewIndexRoot } from '../../src/format/index-root.ts';
import { FileSink } from '../../src/storage/folder/file-sink.ts';
import { NODE_CODEC } from '../../src/system/node-codec.ts';
import { findReferred, validateBlock } from '../../src/validate/validate-block.ts';
import { WorkerPool } from '../../src/workers/pool.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

const directory = (path: string, more: Partial<Entry> = {}): Entry => ({
  ...{ path, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, size: 0 },
  ...more,
});
const file = (path: string, more: Partial<Entry> = {}): Entry =>
  directory(path, { type: 'file', mode: 0o644, ...more });
const hardLink = (path: string, link: string, more: Partial<Entry> = {}): Entry =>
  file(path, { type: 'hardlink', link, ...more });

/** Takes these blocks one after the other; says how many look-ups that took. */
async function checked(...blocks: Entry[][]): Promise<{ check: SelfCheck; lookups: () => number }> {
  let lookups = 0;
  const check = new SelfCheck(async ({ at }, paths) => {
    lookups++;
    return findReferred(blocks[at] as Entry[], paths);
  });
  for (const [at, entries] of blocks.entries())
    await check.add(validateBlock(entries, 'linux', new Set()), {
      first: entries[0]?.path as string,
      at,
      length: 1,
    });
  return { check, lookups: () => lookups };
}
const failed = expect.objectContaining({ code: 'SELF_CHECK_FAILED', kind: 'failed' });

const counts = { entries: 1, files: 0, directories: 1, symlinks: 0, hardLinks: 0, bytes: 0, tarBytes: 512 };
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

describe('what no reader would take is not sealed', () => {
  test('but what they take is', async () => {
    await checked([directory('a'), directory('a/b')], [directory('a/c'), directory('d')]);
  });
  test.each<[string, Entry[][]]>([
    ['entries out of order', [[directory('b'), directory('a')]]],
    ['blocks out of order', [[directory('b')], [directory('a')]]],
    ['an entry twice', [[directory('a')], [directory('a')]]],
    ['an entry without its directory', [[directory('a/b')]]],
    ['a name that leads out', [[directory('../a')]]],
    ['a manifest among the entries', [[directory('manifest.json')]]],
    ['a set-user-id directory', [[directory('a', { mode: 0o4755 })]]],
  ])('%s', async (_, blocks) => {
    await expect(checked(...blocks)).rejects.toThrow(failed);
  });

  const finish = async (change: Partial<NewIndexRoot>, ...blocks: Entry[][]) => {
    const { check, lookups } = await checked(...(blocks.length === 0 ? [[directory('a')]] : blocks));
    await check.finish(encodeRoot({ ...header, ...change }, NODE_CODEC));
    return lookups();
  };
  test('totals and sections at odds', async () => {
    await finish({});
    await expect(finish({ totals: { ...counts, directories: 2 } })).rejects.toThrow(failed);
    const sections = [{ name: 'seeds', entry_count: 1 }];
    await expect(finish({ manifest: { ...header.manifest, sections } })).rejects.toThrow(failed);
  });
  test('a header that cannot be read', async () => {
    await expect(finish({ directory: { ...header.directory, uid: -1 } })).rejects.toThrow(failed);
  });

  test.each<[string, Entry[][]]>([
    ['to nothing', [[file('a'), hardLink('c', 'b')]]],
    ['to what would be before all entries', [[file('b'), hardLink('c', 'a')]]],
    ['to an entry behind it', [[hardLink('a', 'b')], [file('b')]]],
    ['to itself', [[hardLink('a', 'a')]]],
    ['to a directory', [[directory('a', { mode: 0o644 })], [hardLink('b', 'a')]]],
    ['to a hard link', [[file('a'), hardLink('b', 'a')], [hardLink('c', 'b')]]],
    ['to a file with another mode', [[file('a')], [hardLink('b', 'a', { mode: 0o600 })]]],
    ['to a file with another time', [[file('a', { mtime: 1 })], [hardLink('b', 'a')]]],
    ['to a file with another time in nanoseconds', [[file('a', { mtimeNs: 1 })], [hardLink('b', 'a')]]],
    ['to a file of another owner', [[file('a')], [hardLink('b', 'a', { uid: 1 })]]],
    ['to a file of another group', [[file('a'), hardLink('b', 'a', { gid: 1 })]]],
  ])('a hard link %s', async (_, blocks) => {
    await expect(finish({}, ...blocks)).rejects.toThrow(failed);
  });
  test('but hard links to files before them are, in their block and in others', async () => {
    const blocks = [[file('a'), hardLink('b', 'a')], [file('c')], [hardLink('d', 'a'), hardLink('e', 'c')]];
    const totals = { ...counts, entries: 5, files: 2, directories: 0, hardLinks: 3 };
    const manifest = { ...header.manifest, files: 2 };
    expect(await finish({ totals, manifest }, ...blocks)).toBe(2);
  });
  test('a wrong one of very many is found before the end, and what is held meanwhile is bounded', async () => {
    const links = (block: number) =>
      Array.from({ length: 3000 }, (_, i) => hardLink(`b${block}-${String(i).padStart(5, '0')}`, 'a'));
    const good = await checked([file('a')], links(1), links(2), links(3), links(4));
    expect(good.lookups()).toBe(2);
    await expect(checked([file('a')], [hardLink('b', 'A')], links(1), links(2))).rejects.toThrow(failed);
  });
});

test('a snapshot with a hard link to what is not in it is not sealed', async () => {
  const state = room.fresh('state');
  fs.mkdirSync(state);
  fs.writeFileSync(`${state}/a`, 'a');
  const output = room.fresh('made.tar.gz');
  const sink = new FileSink(output, false);
  const spool = new IndexSpool(state);
  const script = new URL('../../dist/pack-worker.js', import.meta.url);
  const pool = new WorkerPool(script, 1, { root: `${state}/`, level: null }) as unknown as PackPool;
  const expected = { dev: 0n, ino: 0n, size: 1, mtimeNs: 0n, ctimeNs: 0n };
  const source: LiveSource = { kind: 'live', absolute: '', expect: expected, idleDatabase: false, mapped: false };
  const check = new SelfCheck(({ at, length }, paths) =>
    pool.run({ kind: 'find', bytes: spool.read(at, length), paths }),
  );
  const common = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
  const items: CaptureItem[] = [
    { path: 'a', ...common, type: 'file', size: 1, source: { kind: 'bytes', bytes: Buffer.from('a') } },
    { path: 'b', ...common, type: 'hardlink', link: 'a', size: 1, source },
    { path: 'c', ...common, type: 'hardlink', link: 'aa', size: 1, source },
  ];
  try {
    const writer = new SnapshotWriter({
      ...{ pool, sink, check, root: `${state}/`, seen: new SeenTree(), reuse: null, recorder: null },
      ...{ writer: new IndexWriter(spool), scratch: () => state },
      ...{ onStatus: () => {}, onEntry: () => {}, onProgress: () => {} },
    });
    for (const item of items) await writer.add(item, 0);
    await writer.finish();
    const refused = check.finish(encodeRoot({ ...header, totals: writer.index.totals }, NODE_CODEC));
    await expect(refused).rejects.toMatchObject({ code: 'SELF_CHECK_FAILED', path: 'c' });
  } finally {
    await pool.close();
    spool.close();
    await sink.discard();
  }
  expect(fs.existsSync(output)).toBe(false);
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
    const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED', kind: 'failed', path });
    expect(() => refuseBeyondLimits(item(path, size))).toThrow(limit);
  });
});
