import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import {
  createBackup,
  discardUndo,
  restoreBackup,
  StateStore,
  salvageSnapshot,
  undoRestore,
  verifySnapshot,
} from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { holdsName, nameError } from '../../src/restore/target-names.ts';
import { describePlatform, HERE } from '../../src/system/platform.ts';
import { removeTree } from '../../src/system/remove-tree.ts';
import { noteUnusual, noUnusualNames } from '../../src/validate/unusual-names.ts';
import { file } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { MAIN } from '../cli/command-line.ts';
import { type LimitedFileSystem, mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const why = whyNotLimited();
const reason = why === null ? '' : ` (skipped: ${why})`;
let disk: LimitedFileSystem | undefined;

afterEach(async () => {
  await disk?.unmount();
  disk = undefined;
});

async function snapshotOf(names: string[]): Promise<string> {
  const tree = room.fresh('tree');
  for (const name of names) {
    fs.mkdirSync(join(tree, name, '..'), { recursive: true });
    fs.writeFileSync(join(tree, name), name);
  }
  const snapshot = room.fresh('snapshot.tar.gz');
  await createBackup(new StateStore(tree), snapshot);
  return snapshot;
}

function unusual(...paths: string[]) {
  const names = noUnusualNames();
  for (const path of paths) noteUnusual(names, path);
  return names;
}

describe('names that the file system cannot hold', () => {
  test.skipIf(why !== null)(`are named before anything is written${reason}`, async () => {
    disk = await mountLimited({ forbidden: ':?' });
    const snapshot = await snapshotOf(['sessions/telegram:4711.json', 'a', 'b/what?']);
    const target = new StateStore(join(disk.directory, 'workspace'));
    await expect(restoreBackup(target, snapshot)).rejects.toMatchObject({
      code: 'NAME_UNSUPPORTED',
      kind: 'failed',
      message: '"b/what?", "sessions/telegram:4711.json" have names that this file system cannot hold',
    });
    expect(fs.readdirSync(disk.directory)).toEqual([]);
    // One that holds them is asked in the same way, and so is what is wanted of the snapshot.
    await restoreBackup(new StateStore(room.fresh('back')), snapshot);
    await restoreBackup(target, snapshot, { paths: ['a'] });
    expect(fs.readdirSync(join(disk.directory, 'workspace'))).toEqual(['a']);
  });

  test.skipIf(why !== null)(`are lost in a salvage, and nothing else is${reason}`, async () => {
    disk = await mountLimited({ forbidden: ':' });
    const snapshot = await snapshotOf(['sessions/telegram:4711.json', 'a', 'z']);
    const { lost, extracted } = await salvageSnapshot({ snapshot, directory: join(disk.directory, 'rescued') });
    expect(lost).toEqual([{ path: 'sessions/telegram:4711.json', reason: 'this file system cannot hold its name' }]);
    expect(extracted.files).toBe(2);
  });

  test('such as one of more bytes than it takes: found by trying', () => {
    const directory = room.fresh('empty');
    fs.mkdirSync(directory);
    const long = '한'.repeat(255);
    const holds = (name: string) => holdsName(directory, name);
    expect(nameError(holds, '/state', unusual('a', `b/${long}`, 'c'))).toEqual(
      expect.objectContaining({ code: 'NAME_UNSUPPORTED', path: `b/${long}` }),
    );
    expect(fs.readdirSync(directory)).toEqual([]);
    expect(nameError(holds, '/state', unusual('a:b', 'x.', 'y ', 'line\nfeed', 'q"'))).toBeNull();
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});

describe('paths as long as the system takes', () => {
  const canGoDeep = fs.existsSync('/proc/self/fd');

  /** Fills a state directory with a path of just `bytes` bytes. */
  function deepTree(root: string, bytes: number): string {
    let path = root;
    while (Buffer.byteLength(path) < bytes - 400) path += `/${'d'.repeat(199)}`;
    path += `/${'e'.repeat(bytes - Buffer.byteLength(path) - 1 - 101)}`;
    fs.mkdirSync(path, { recursive: true });
    path += `/${'f'.repeat(100)}`;
    fs.writeFileSync(path, 'deep');
    fs.linkSync(path, join(root, 'other name'));
    return path;
  }

  const places = ['beside', 'inside'] as const;
  test.skipIf(!canGoDeep).each(places)('come back to where they were, with staging %s', async (place) => {
    const root = room.fresh('workspace');
    fs.mkdirSync(root);
    const mounted = place === 'inside';
    if (mounted && spawnSync('mount', ['-t', 'tmpfs', 'none', root]).status !== 0) return;
    try {
      const deep = deepTree(root, HERE.maxPathBytes);
      expect(Buffer.byteLength(deep)).toBe(HERE.maxPathBytes);
      const snapshot = room.fresh('deep.tar.gz');
      expect((await createBackup(new StateStore(root), snapshot)).complete).toBe(true);
      // A merge renames by whole paths, and says so before it writes anything.
      const merging = restoreBackup(new StateStore(root), snapshot, { mode: 'merge' });
      await expect(merging).rejects.toMatchObject({
        code: 'NAME_UNSUPPORTED',
        message: expect.stringContaining('merged'),
      });
      await restoreBackup(new StateStore(root), snapshot, { mode: 'replace' });
      expect(fs.readFileSync(deep, 'utf8')).toBe('deep');
      expect(fs.statSync(deep).nlink).toBe(2);
      await undoRestore({ stateDir: root });
      expect(fs.readFileSync(deep, 'utf8')).toBe('deep');
      expect((await discardUndo({ stateDir: root })).discarded).toHaveLength(1);
    } finally {
      if (mounted) spawnSync('umount', [root]);
      else await removeTree(root);
    }
  });

  test.skipIf(!canGoDeep)('are refused where they would be longer, before anything is written', async () => {
    const root = room.fresh('short');
    fs.mkdirSync(root);
    deepTree(root, HERE.maxPathBytes);
    const snapshot = room.fresh('deep.tar.gz');
    await createBackup(new StateStore(root), snapshot);
    await removeTree(root);
    const folder = room.fresh('folder');
    fs.mkdirSync(folder);
    const target = join(folder, 'a-name-that-is-longer');
    await expect(restoreBackup(new StateStore(target), snapshot)).rejects.toMatchObject({
      code: 'NAME_UNSUPPORTED',
      message: expect.stringContaining(`the system takes ${HERE.maxPathBytes}`),
    });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('on macOS are shorter', () => {
    const path = `${'d/'.repeat(500)}file`;
    const holds = (name: string) => holdsName(room.root, name);
    expect(nameError(holds, '/Users/anna/.oxios/workspace', unusual(path))).toBeNull();
    const macOS = describePlatform('darwin', '24.1.0');
    expect(nameError(holds, '/Users/anna/.oxios/workspace', unusual(path), macOS)?.message).toMatch(/1023/);
  });
});

describe('a snapshot with names that Windows does not allow', () => {
  /** The command, told that this is Windows; its paths stay those of here. */
  function onWindows(...words: string[]) {
    const windows = "data:text/javascript,Object.defineProperty(process, 'platform', { value: 'win32' })";
    return spawnSync(process.execPath, ['--import', windows, MAIN, ...words], { encoding: 'utf8' });
  }

  test('is valid there, and can be read', async () => {
    const snapshot = await snapshotOf(['sessions/telegram:4711.json', 'aux', 'end.']);
    for (const words of [
      ['verify', snapshot],
      ['list', snapshot],
      ['show', snapshot],
      ['cat', snapshot, 'sessions/telegram:4711.json'],
    ])
      expect(onWindows(...words)).toMatchObject({ status: 0, stderr: '' });
  });
});

test('a name of 255 characters, as APFS has it, is valid, and refused where bytes count before anything is written', async () => {
  const snapshot = room.fresh('hangul.tar.gz');
  const name = '한'.repeat(255);
  fs.writeFileSync(snapshot, buildSnapshot([file('a'), file(name)]));
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true });
  const folder = room.fresh('folder');
  fs.mkdirSync(folder);
  const target = new StateStore(join(folder, 'state'));
  await expect(restoreBackup(target, snapshot)).rejects.toMatchObject({ code: 'NAME_UNSUPPORTED', path: name });
  expect(fs.readdirSync(folder)).toEqual([]);
  await restoreBackup(target, snapshot, { paths: ['a'] });
  expect(fs.readdirSync(join(folder, 'state'))).toEqual(['a']);
});
