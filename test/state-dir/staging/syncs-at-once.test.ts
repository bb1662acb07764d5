/** Where each file is synced by itself (macOS), many syncs are under way at once: the drive makes them durable together. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { syncTree } from '../../../src/state-dir/staging/sync-tree.ts';
import { describePlatform } from '../../../src/system/platform.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const FILES = 40;
const held: (() => void)[] = [];

// A sync ends only when no further one begins.
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>();
  const fsync = (descriptor: number, done: (error: Error | null) => void) =>
    void held.push(() => original.fsync(descriptor, done));
  return { ...original, fsync };
});

test('sixteen are asked for at once, and every file is synced', async () => {
  const root = room.fresh('tree');
  fs.mkdirSync(root);
  for (let i = 0; i < FILES; i++) fs.writeFileSync(join(root, String(i)), 'x');
  const syncing = syncTree(root, {}, describePlatform('darwin', '23.0.0'));
  let [synced, most] = [0, 0];
  while (synced < FILES) {
    // Whatever is about to begin has begun after a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    const now = held.splice(0);
    most = Math.max(most, now.length);
    synced += now.length;
    for (const sync of now) sync();
  }
  await syncing;
  expect({ synced, most }).toEqual({ synced: FILES, most: 16 });
});
