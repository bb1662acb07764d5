import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { StatCache } from '../../../src/create/reuse/stat-cache.ts';
import { stateDirKey } from '../../../src/create/reuse/stat-cache-file.ts';
import { StatCacheWriter } from '../../../src/create/reuse/stat-cache-writer.ts';
import { flipped } from '../../damage/members.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const STATE_DIR = stateDirKey('/state');
const ROOT = createHash('sha256').update('root').digest();
const ENTRIES = 10_000;

const identity = (i: number) => ({
  dev: 1n,
  ino: BigInt(i + 1),
  size: 5,
  mtimeNs: 0n,
  ctimeNs: 1_700_000_000_000_000_000n + BigInt(i),
});
/** Every tenth is not to be trusted. */
const row = (i: number) => (i % 10 === 0 ? null : identity(i));

function write(folder: string, root = ROOT, runs = 3, stateDir = STATE_DIR): string {
  const writer = new StatCacheWriter(folder, stateDir);
  for (let i = 0; i < ENTRIES; i++) writer.add(row(i));
  const before = new Set(fs.readdirSync(folder));
  writer.commit(root, runs);
  return path.join(folder, fs.readdirSync(folder).find((name) => !before.has(name)) as string);
}

describe('what is remembered of the files of a snapshot', () => {
  test('comes back for each entry, in their order, with gaps', () => {
    const folder = room.fresh('cache');
    write(folder);
    const cache = StatCache.open(folder, STATE_DIR, ROOT, ENTRIES) as StatCache;
    expect(cache.runs).toBe(3);
    for (let i = 0; i < ENTRIES; i += i % 7 === 3 ? 600 : 1) {
      expect(cache.has(i, identity(i))).toBe(row(i) !== null);
      expect(cache.has(i, { ...identity(i), ctimeNs: 1n })).toBe(false);
      expect(cache.has(i, { ...identity(i), ino: 7_000_000n })).toBe(false);
    }
    expect(cache.has(ENTRIES, identity(ENTRIES))).toBe(false);
    cache.close();
  });

  test('a row that is not to be trusted matches nothing, not even zeros', () => {
    const folder = room.fresh('cache');
    write(folder);
    const cache = StatCache.open(folder, STATE_DIR, ROOT, ENTRIES) as StatCache;
    expect(cache.has(0, { ...identity(0), ino: 0n, ctimeNs: 0n })).toBe(false);
    cache.close();
  });

  test('is only of that state directory, that snapshot and that number of entries', () => {
    const folder = room.fresh('cache');
    write(folder);
    expect(StatCache.open(folder, stateDirKey('/other'), ROOT, ENTRIES)).toBeNull();
    expect(StatCache.open(folder, STATE_DIR, createHash('sha256').update('other').digest(), ENTRIES)).toBeNull();
    expect(StatCache.open(folder, STATE_DIR, ROOT, ENTRIES - 1)).toBeNull();
    expect(StatCache.open(room.fresh('none'), STATE_DIR, ROOT, ENTRIES)).toBeNull();
  });

  test.each(['a bit anywhere', 'cut', 'longer', 'empty', 'a directory'])(
    'is nothing when it is damaged: %s',
    (damage) => {
      const folder = room.fresh('cache');
      const file = write(folder);
      const bytes = fs.readFileSync(file);
      const open = () => StatCache.open(folder, STATE_DIR, ROOT, ENTRIES);
      const damaged: Buffer[] = [];
      if (damage === 'a bit anywhere')
        for (let bit = 0; bit < bytes.length * 8; bit += bit < 96 * 8 ? 5 : 99_991) damaged.push(flipped(bytes, bit));
      if (damage === 'cut') damaged.push(bytes.subarray(0, -1), bytes.subarray(0, 50));
      if (damage === 'longer') damaged.push(Buffer.concat([bytes, Buffer.alloc(16)]));
      if (damage === 'empty') damaged.push(Buffer.alloc(0));
      for (const each of damaged) {
        fs.writeFileSync(file, each);
        expect(open()).toBeNull();
      }
      if (damage === 'a directory') {
        fs.rmSync(file);
        fs.mkdirSync(file);
        expect(open()).toBeNull();
      }
    },
  );

  test('what was not committed leaves nothing behind', () => {
    const folder = room.fresh('cache');
    const writer = new StatCacheWriter(folder, STATE_DIR);
    writer.add(identity(1));
    expect(fs.readdirSync(folder)).toHaveLength(1);
    writer.discard();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('only so many snapshots of a state directory are remembered: the newest', () => {
    const folder = room.fresh('cache');
    const other = write(folder, ROOT, 0, stateDirKey('/other'));
    fs.writeFileSync(path.join(folder, 'of-the-user'), '');
    const files = Array.from({ length: 7 }, (_, i) => {
      const file = write(folder, createHash('sha256').update(String(i)).digest());
      fs.utimesSync(file, 1_700_000_000 + i, 1_700_000_000 + i);
      return path.basename(file);
    });
    expect(fs.readdirSync(folder).sort()).toEqual([...files.slice(3), path.basename(other), 'of-the-user'].sort());
  });

  test('nobody else can read it', () => {
    const folder = room.fresh('cache');
    expect(fs.statSync(write(folder)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
  });
});
