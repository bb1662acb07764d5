import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareTrees, readTree } from '../../../fixtures/compare-trees.ts';
import type { BackupEvent } from '../../../src/events.ts';
import { syncTree } from '../../../src/state-dir/staging/sync-tree.ts';
import { describePlatform, HERE } from '../../../src/system/platform.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
/** As on macOS: there is no call for the whole file system. */
const oneByOne = { ...HERE, syncsFileSystems: false };

function tree(files: number): string {
  const root = room.fresh('tree');
  fs.mkdirSync(join(root, 'sub'), { recursive: true });
  for (let i = 0; i < files; i++) fs.writeFileSync(join(root, 'sub', String(i)), 'x');
  return root;
}

describe('file by file', () => {
  test('shows how far it is, and leaves nothing open', async () => {
    const events: BackupEvent[] = [];
    const before = fs.readdirSync('/proc/self/fd').length;
    await syncTree(tree(250), { onEvent: (event) => events.push(event) }, oneByOne);
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before);
    expect(events).toEqual([
      { type: 'progress', phase: 'sync', entries: 100, bytes: 100 },
      { type: 'progress', phase: 'sync', entries: 200, bytes: 200 },
    ]);
  });

  test('modes that keep out their owner stay', async () => {
    const root = tree(3);
    fs.chmodSync(join(root, 'sub/1'), 0o200);
    fs.chmodSync(join(root, 'sub'), 0o311);
    const before = readTree(root);
    await syncTree(root, {}, oneByOne);
    expect(compareTrees(before, readTree(root))).toEqual([]);
  });

  test('ends when it is given up', async () => {
    const controller = new AbortController();
    const syncing = syncTree(
      tree(250),
      { signal: controller.signal, onEvent: () => controller.abort() },
      describePlatform('darwin', '24.1.0'),
    );
    await expect(syncing).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

const hasBusybox = spawnSync('busybox', ['true']).status === 0;

/** A folder with a `sync` in it that does so, to be the whole PATH. */
function pathWith(script: string): string {
  const folder = room.fresh('bin');
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, 'sync'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

describe('a sync that is not that of coreutils', () => {
  const cases = {
    'that does not know -f': 'echo "sync: illegal option -- f" >&2; exit 1',
    'that ignores it, and says so': 'echo "sync: ignoring all arguments" >&2',
    'of BusyBox': 'exec /bin/busybox sync "$@"',
    'that is missing': null,
  };
  test.each(Object.entries(cases))('%s', async (_name, script) => {
    if (script?.includes('busybox') && !hasBusybox) return;
    const path = process.env.PATH;
    process.env.PATH = script === null ? '/nowhere' : pathWith(script);
    try {
      await syncTree(tree(3), {}, { ...HERE, syncsFileSystems: true });
    } finally {
      process.env.PATH = path;
    }
  });

  test('whose word does not count is not believed: each file is synced', async () => {
    const events: BackupEvent[] = [];
    const path = process.env.PATH;
    process.env.PATH = pathWith('echo "sync: ignoring all arguments" >&2');
    try {
      await syncTree(tree(100), { onEvent: (event) => events.push(event) }, { ...HERE, syncsFileSystems: true });
    } finally {
      process.env.PATH = path;
    }
    expect(events).toHaveLength(1);
  });
});
