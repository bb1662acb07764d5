/** Merging where other file systems are mounted below the state directory. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, discardUndo, restoreBackup, StateStore, undoRestore } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directory, type Entry, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { noMounts } from '../state-dir/scenario.ts';
import { exactTree } from './exact-picture.ts';

let folder: string;
let root: string;
let volume: string;

const OPTIONS = { mode: 'merge', allowEmpty: true, threads: 1 } as const;

function snapshotOf(entries: Entry[]): string {
  const path = join(folder, 'snapshot.tar.gz');
  writeFileSync(path, buildSnapshot(inOrder(entries)));
  return path;
}

const mount = (...words: string[]) => execFileSync('mount', words);
const BROUGHT = [
  directory('volume'),
  file('volume/note', 'new'),
  directory('volume/fresh', { mode: 0o700 }),
  file('volume/fresh/deep', 'fresh'),
  hardLink('volume/twin', 'volume/note'),
  symlink('volume/way', 'note'),
  file('note', 'new'),
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oxios-volumes-'));
  root = join(folder, 'state');
  volume = join(root, 'volume');
  mkdirSync(volume, { recursive: true });
});
afterEach(() => {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n').reverse()) {
    const path = line.split(' ')[1];
    if (path?.startsWith(folder)) spawnSync('umount', ['-l', path]);
  }
  rmSync(folder, { recursive: true });
});

const KINDS: [string, () => void][] = [
  ['another file system', () => mount('-t', 'tmpfs', '-o', 'size=4m', 'none', volume)],
  [
    'the same one, bound there',
    () => {
      mkdirSync(join(folder, 'elsewhere'));
      mount('--bind', join(folder, 'elsewhere'), volume);
    },
  ],
  [
    'one in a state directory that is itself one',
    () => {
      mount('-t', 'tmpfs', 'none', root);
      mkdirSync(volume);
      mount('-t', 'tmpfs', '-o', 'size=4m', 'none', volume);
    },
  ],
];

describe.skipIf(noMounts !== null)(`what comes to a volume (${noMounts ?? 'tmpfs'})`, () => {
  test.each(KINDS)('%s: is exchanged there, and an undo gives back every inode', async (_name, prepare) => {
    prepare();
    writeFileSync(join(volume, 'note'), 'old');
    writeFileSync(join(volume, 'mine'), 'mine');
    symlinkSync('mine', join(volume, 'way'));
    writeFileSync(join(root, 'note'), 'old');
    const before = exactTree(root);
    const { previousState } = await (async () => {
      await restoreBackup(new StateStore(root), snapshotOf(BROUGHT), OPTIONS);
      const after = exactTree(root);
      expect([...after.keys()].sort()).toEqual(
        [
          '',
          'note',
          'volume',
          ...['fresh', 'fresh/deep', 'mine', 'note', 'twin', 'way'].map((each) => `volume/${each}`),
        ].sort(),
      );
      expect(after.get('volume/note')).toMatchObject({ content: 'new', mtimeNs: 1_770_000_000_000_000_000n });
      expect(after.get('volume/twin')?.inode).toBe(after.get('volume/note')?.inode);
      expect(after.get('volume/fresh')?.mode).toBe(0o700);
      expect(after.get('volume/mine')).toEqual(before.get('volume/mine'));
      return undoRestore({ stateDir: root });
    })();
    expect(exactTree(root)).toEqual(before);
    await undoRestore({ stateDir: root, to: previousState ?? '' });
    expect(readFileSync(join(volume, 'fresh/deep'), 'utf8')).toBe('fresh');
    await undoRestore({ stateDir: root });
    expect(exactTree(root)).toEqual(before);
    await discardUndo({ stateDir: root, all: true });
    expect(existsSync(join(volume, '.oxios-backup'))).toBe(false);
    expect(exactTree(root)).toEqual(before);
  });

  test('one that is full changes nothing', async () => {
    KINDS[0]?.[1]();
    writeFileSync(join(volume, 'note'), 'old');
    const before = exactTree(root);
    const large = file('volume/large', Buffer.alloc(8 * 2 ** 20, 'x'));
    const restoring = restoreBackup(new StateStore(root), snapshotOf([...BROUGHT, large]), OPTIONS);
    await expect(restoring).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(exactTree(root)).toEqual(before);
    expect(readdirSync(volume)).toEqual(['note']);
    expect(readdirSync(folder).sort()).toEqual(['snapshot.tar.gz', 'state']);
  });

  test('what is itself mounted is refused before anything moves', async () => {
    writeFileSync(join(root, 'note'), 'old');
    writeFileSync(join(folder, 'other'), 'bound');
    mount('--bind', join(folder, 'other'), join(root, 'note'));
    mount('-t', 'tmpfs', 'none', volume);
    const before = exactTree(root);
    for (const entries of [[file('note', 'new')], [file('volume', 'a file')]]) {
      const restoring = restoreBackup(new StateStore(root), snapshotOf(entries), OPTIONS);
      await expect(restoring).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining('mounted at') });
    }
    expect(exactTree(root)).toEqual(before);
  });

  test('an undo waits for the volume, and says which', async () => {
    KINDS[0]?.[1]();
    writeFileSync(join(volume, 'note'), 'old');
    await restoreBackup(new StateStore(root), snapshotOf(BROUGHT), OPTIONS);
    mkdirSync(join(folder, 'away'));
    mount('--bind', volume, join(folder, 'away'));
    execFileSync('umount', [volume]);
    await expect(undoRestore({ stateDir: root })).rejects.toMatchObject({ code: 'IO', path: volume });
    mount('--bind', join(folder, 'away'), volume);
    await undoRestore({ stateDir: root });
    expect(readFileSync(join(volume, 'note'), 'utf8')).toBe('old');
  });

  test('no snapshot holds what is kept there', async () => {
    KINDS[0]?.[1]();
    writeFileSync(join(volume, 'note'), 'old');
    await restoreBackup(new StateStore(root), snapshotOf(BROUGHT), OPTIONS);
    const { excluded } = await createBackup(new StateStore(root), join(folder, 'made.tar.gz'));
    expect(excluded.map(({ path }) => path)).toContain('volume/.oxios-backup');
  });
});
