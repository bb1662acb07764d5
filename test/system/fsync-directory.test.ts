import fs from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { fsyncDirectory } from '../../src/system/fsync-directory.ts';
import { describePlatform } from '../../src/system/platform.ts';
import { buildSmallTree } from '../damage/small-tree.ts';
import { buildPreloaded } from '../file-systems/preloaded.ts';
import { act } from '../torture/faults.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const library = buildPreloaded('directory-fsync', room.root);
const reason = library === null ? ' (skipped: no C compiler for Linux)' : '';

test.skipIf(!fs.existsSync('/proc/self'))('a file system that cannot sync directories is no failure: procfs', () => {
  expect(() => fs.fsyncSync(fs.openSync('/proc', 'r'))).toThrow(/EINVAL/);
  expect(() => fsyncDirectory('/proc')).not.toThrow();
  // What is not there is one all the same.
  expect(() => fsyncDirectory('/proc/none')).toThrow(/ENOENT/);
});

test('Windows is not asked', () => {
  expect(() => fsyncDirectory(room.path('none'), describePlatform('win32', '10.0.26100'))).not.toThrow();
});

const { EINVAL, EOPNOTSUPP, EPERM, EIO } = constants.errno;

test.skipIf(library === null).each([
  { name: 'EINVAL', answer: EINVAL },
  { name: 'EOPNOTSUPP', answer: EOPNOTSUPP },
  { name: 'EPERM', answer: EPERM },
])(`a snapshot is made and restored where directories answer fsync with $name${reason}`, async ({ answer }) => {
  const [state, back, snapshot] = [room.fresh('state'), room.fresh('back'), room.fresh('snapshot.tar.gz')];
  buildSmallTree(state);
  const there = { LD_PRELOAD: library as string, DIRECTORY_FSYNC: String(answer) };
  expect(await act(['create', state, snapshot], there)).toMatchObject({ kind: 'done', complete: true });
  expect(await act(['restore', snapshot, back], there)).toMatchObject({ kind: 'done', complete: true });
  expect(compareTrees(readTree(state), readTree(back))).toEqual([]);
});

test.skipIf(library === null)(`an error of the disk is a failure${reason}`, async () => {
  const [state, folder] = [room.fresh('state'), room.fresh('folder')];
  buildSmallTree(state);
  fs.mkdirSync(folder);
  const there = { LD_PRELOAD: library as string, DIRECTORY_FSYNC: String(EIO) };
  const made = await act(['create', state, join(folder, 'snapshot.tar.gz')], there);
  expect(made).toMatchObject({ kind: 'failed', code: 'IO' });
  expect(fs.readdirSync(folder)).toEqual([]);
});
