import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type RestoreOptions, restoreBackup, StateStore } from 'oxios-backup';
import { describe, expect, test } from 'vitest';
import { directory, type Entry, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot, type Layers } from '../archives/snapshot.ts';
import { MAIN } from '../cli/command-line.ts';
import { AS_NOBODY, canBeNobody, NOBODY } from '../nobody.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
/** Each entry in a block of its own. */
const SCATTERED: Layers = { entriesPerMember: 1, membersPerBlock: 1 };

async function restore(entries: Entry[], paths: string[], options: RestoreOptions = {}, layers: Layers = SCATTERED) {
  const path = room.fresh('snapshot.tar.gz');
  writeFileSync(path, buildSnapshot(inOrder(entries), layers));
  const root = room.fresh('state');
  const result = await restoreBackup(new StateStore(root), path, { paths, allowEmpty: true, threads: 1, ...options });
  return { root, result };
}

const everything = (root: string) => (readdirSync(root, { recursive: true }) as string[]).sort();

test('one file comes back with the directories that it lies in, and their attributes', async () => {
  const entries = [
    directory('a', { mode: 0o700 }),
    directory('a/b', { mode: 0o750, mtime: 1_600_000_000 }),
    file('a/b/c.json', 'content', { mode: 0o640 }),
    file('a/b/d.json'),
    file('z.json'),
  ];
  const { root, result } = await restore(entries, ['a/b/c.json']);
  expect(everything(root)).toEqual(['a', 'a/b', 'a/b/c.json']);
  expect(readFileSync(join(root, 'a/b/c.json'), 'utf8')).toBe('content');
  expect(statSync(join(root, 'a/b/c.json')).mode & 0o777).toBe(0o640);
  expect(statSync(join(root, 'a/b')).mode & 0o777).toBe(0o750);
  expect(statSync(join(root, 'a/b')).mtimeMs).toBe(1_600_000_000_000);
  expect(result.restored).toEqual({ entries: 3, files: 1, bytes: 7 });
});

test.each<[string, RestoreOptions]>([
  ['a path', { paths: ['a/b.json', 'a/B.json'] }],
  ['a section', { paths: ['*.json'], sections: ['A'] }],
])('%s that is not there is named, and nothing is written, though the others are', async (_name, options) => {
  for (const build of [buildSnapshot, buildForeign]) {
    const snapshot = room.fresh('snapshot.tar.gz');
    const root = room.fresh('state');
    writeFileSync(snapshot, build([directory('a'), file('a/b.json')]));
    const missing = options.sections?.[0] ?? options.paths?.[1];
    await expect(restoreBackup(new StateStore(root), snapshot, { threads: 1, ...options })).rejects.toMatchObject({
      code: 'ENTRY_NOT_FOUND',
      message: `"${missing}" is not in the snapshot`,
    });
    expect(existsSync(root)).toBe(false);
  }
});

test('what lies below a name is found also where that has no entry of its own', async () => {
  const snapshot = room.fresh('snapshot.tar.gz');
  writeFileSync(snapshot, buildForeign([file('a/b/c.json'), file('a/b/d.json')]));
  const root = room.fresh('state');
  await restoreBackup(new StateStore(root), snapshot, { threads: 1, paths: ['a', 'a/b', 'a/b/c.json', '*.none'] });
  expect(everything(root)).toEqual(['a', 'a/b', 'a/b/c.json', 'a/b/d.json']);
});

test('a hard link comes as the file that it is another name of; both names together stay one file', async () => {
  const entries = [
    directory('a', { mode: 0o711 }),
    file('a/first'),
    file('a/other'),
    directory('b'),
    hardLink('b/second', 'a/first'),
  ];
  const { root: alone } = await restore(entries, ['b/second']);
  expect(everything(alone)).toEqual(['b', 'b/second']);
  const { root } = await restore(entries, ['a/first', 'b/second']);
  expect(everything(root)).toEqual(['a', 'a/first', 'b', 'b/second']);
  expect(statSync(join(root, 'a/first')).ino).toBe(statSync(join(root, 'b/second')).ino);
  expect(readFileSync(join(alone, 'b/second'))).toEqual(readFileSync(join(root, 'a/first')));
  expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o711);
});

test('blocks that have no part in it may be damaged', async () => {
  const entries = [directory('a'), file('a/1'), directory('b'), file('b/1'), directory('c'), file('c/1')];
  const damaged = (bytes: Buffer, number: number) => (number < 2 || number > 3 ? Buffer.alloc(bytes.length, 1) : bytes);
  const { root } = await restore(entries, ['b/1'], {}, { ...SCATTERED, block: damaged });
  expect(everything(root)).toEqual(['b', 'b/1']);
});

describe('what is restored is validated as in a whole restore', () => {
  const refused: [string, Entry[], string[], string][] = [
    ['a name that leads out', [directory('a'), file('a/../b')], ['a'], 'UNSAFE_NAME'],
    ['a parent that is no directory', [file('a'), file('a/b')], ['a/b'], 'ENTRY_CONFLICT'],
    ['a parent that is a link', [symlink('a', '.'), file('a/b')], ['a/b'], 'ENTRY_CONFLICT'],
    ['a parent that is missing', [file('a/b')], ['a/b'], 'ENTRY_CONFLICT'],
    ['a hard link to nothing', [file('a'), hardLink('b', 'aa')], ['b'], 'UNSAFE_LINK'],
    ['a hard link to a link', [symlink('a', 'x'), hardLink('b', 'a')], ['b'], 'UNSAFE_LINK'],
    ['a hard link to what comes behind it', [hardLink('a', 'b'), file('b')], ['a'], 'UNSAFE_LINK'],
    ['a link that leads out', [file('a'), symlink('b', '/etc')], ['b'], 'EXTERNAL_LINK'],
    [
      'a link that leads out through one that is not wanted',
      [symlink('a', '../..'), symlink('b', 'a/etc')],
      ['b'],
      'EXTERNAL_LINK',
    ],
    ['a set-id bit', [file('a'), file('b', 'b', { mode: 0o4755 })], ['b'], 'UNSAFE_MODE'],
  ];

  test.each(refused)('%s', async (_name, entries, paths, code) => {
    await expect(restore(entries, paths)).rejects.toMatchObject({ code });
  });

  test('entries in the wrong order', async () => {
    const path = room.fresh('snapshot.tar.gz');
    writeFileSync(path, buildSnapshot([file('b'), file('a')], SCATTERED));
    const store = new StateStore(room.fresh('state'));
    await expect(restoreBackup(store, path, { paths: ['a'], allowEmpty: true, threads: 1 })).rejects.toMatchObject({
      code: 'INDEX_INVALID',
    });
    expect(existsSync(store.basePath)).toBe(false);
  });
});

test('a link that leads out elsewhere in the snapshot is no hindrance', async () => {
  const { root, result } = await restore([symlink('out', '/etc'), file('seed')], ['seed']);
  expect(everything(root)).toEqual(['seed']);
  expect(result.skippedLinks).toEqual([]);
});

test('a wanted link that leads out can be kept or excluded', async () => {
  const entries = [file('a'), symlink('out', '/etc')];
  const kept = await restore(entries, ['out'], { externalLinks: 'keep' });
  expect(readlinkSync(join(kept.root, 'out'))).toBe('/etc');
  const skipped = await restore(entries, ['a', 'out'], { externalLinks: 'skip' });
  expect(lstatSync(join(skipped.root, 'out'), { throwIfNoEntry: false })).toBeUndefined();
  expect(skipped.result).toMatchObject({ complete: false, skippedLinks: ['out'] });
});

test.skipIf(!canBeNobody)('what goes again goes also out of folders that their owner may not write', async () => {
  const path = room.fresh('readonly.tar.gz');
  const entries = [
    directory('mod', { mode: 0o555 }),
    directory('mod/deep', { mode: 0o555 }),
    file('mod/deep/a', 'content'),
    hardLink('name', 'mod/deep/a'),
  ];
  writeFileSync(path, buildSnapshot(entries), { mode: 0o644 });
  const folder = room.fresh('of-nobody');
  mkdirSync(folder);
  chownSync(folder, NOBODY, NOBODY);
  chmodSync(room.root, 0o755);
  const [command, ...options] = AS_NOBODY;
  const words = ['restore', path, '--state-dir', join(folder, 'state'), '--path', 'name', '--quiet'];
  expect(
    spawnSync(command, [...options, process.execPath, MAIN, ...words], { encoding: 'utf8', cwd: '/' }),
  ).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(everything(join(folder, 'state'))).toEqual(['name']);
  expect(readdirSync(folder)).toEqual(['state']);
});
