import fs, { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type CreateOptions, createBackup, StateStore } from 'oxios-backup';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../../src/system/cache-folder.ts';
import { DISK_FOLDER } from '../../test-folder.ts';
import { RandomTree } from './random-tree.ts';

// On a disk: in memory times do not tell every write, and all is read.
const folder = mkdtempSync(join(DISK_FOLDER, 'oxios-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Of its own: the caches are deleted under way.
process.env.XDG_CACHE_HOME = join(folder, 'caches');

const SEEDS = process.env.OXIOS_TORTURE === '1' ? 100 : 8;
const STEPS = 3;
const CREATED_AT = new Date('2026-03-03T02:00:00Z');
/** More than the granularity of the clock that stamps files. */
const TICK_MS = 30;

let number = 0;

async function create(root: string, options: CreateOptions) {
  const output = join(folder, `${number++}.tar.gz`);
  const { reuse } = await createBackup(new StateStore(root), output, {
    ...options,
    createdAt: CREATED_AT,
    oxiosVersion: '1',
  });
  return { output, reuse, bytes: fs.readFileSync(output) };
}

describe('a snapshot with a parent', () => {
  const copied = { bytes: 0, unread: 0, snapshots: 0 };

  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('has the same bytes as without, seed %i', async (seed) => {
    const tree = new RandomTree(join(folder, `tree-${seed}`), seed);
    await setTimeout(TICK_MS);
    let parent = (await create(tree.root, {})).output;
    for (let step = 0; step < STEPS; step++) {
      const changes = Array.from({ length: tree.below(7) }, () => tree.change());
      // Also right after a change: then what was just written is not trusted.
      if (tree.below(3) > 0) await setTimeout(TICK_MS);
      if (tree.below(5) === 0) rmSync(cacheFolder() as string, { recursive: true, force: true });
      const options = { parent, rescan: tree.below(4) === 0, threads: 1 + tree.below(3) };
      const made = await create(tree.root, options);
      const fresh = await create(tree.root, { parent: null, threads: 1 + tree.below(3) });
      expect(made.bytes.equals(fresh.bytes), JSON.stringify({ step, changes, options })).toBe(true);
      expect(fresh.reuse).toBeNull();
      expect(made.reuse).toMatchObject({ parent, damage: [] });
      copied.bytes += made.reuse?.copiedBytes ?? 0;
      copied.unread += made.reuse?.unreadFiles ?? 0;
      copied.snapshots += made.reuse?.storedBytes ?? 0;
      for (const path of [parent, fresh.output]) rmSync(path);
      parent = made.output;
    }
  });

  test('most of it was copied, and much of that not even read', () => {
    expect(copied.bytes / copied.snapshots).toBeGreaterThan(0.3);
    expect(copied.unread).toBeGreaterThan(SEEDS * 20);
  });
});
