import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { enterDirectory, stepInto, within } from '../../src/system/near-path.ts';
import { describePlatform, HERE } from '../../src/system/platform.ts';
import { removeTree } from '../../src/system/remove-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const canEnter = fs.existsSync('/proc/self/fd');
const openFiles = () => fs.readdirSync('/proc/self/fd').length;

test.skipIf(!canEnter)('a path longer than the system takes is reached, at any depth, and removed', async () => {
  const root = room.fresh('deep');
  fs.mkdirSync(root);
  const names = Array.from({ length: 60 }, (_, at) => `${at}-${'é'.repeat(95)}`);
  const relative = join(...names, 'file');
  expect(Buffer.byteLength(relative)).toBeGreaterThan(2.5 * HERE.maxPathBytes);
  const before = openFiles();
  within(root, relative, (path) => fs.mkdirSync(join(path, '..'), { recursive: true }), { makeParents: true });
  within(root, relative, (path) => fs.writeFileSync(path, 'deep'));
  expect(within(root, relative, (path) => fs.readFileSync(path, 'utf8'))).toBe('deep');
  expect(() => fs.readFileSync(join(root, relative))).toThrow(/ENAMETOOLONG/);
  // A walk goes down as far.
  let here = stepInto(Buffer.from(root));
  const open = [here];
  for (const name of names) {
    here = stepInto(Buffer.from(join(here.path.toString(), name)));
    open.push(here);
  }
  expect(fs.readdirSync(here.path)).toEqual(['file']);
  for (const { leave } of open) leave();
  await removeTree(root);
  expect(fs.existsSync(root)).toBe(false);
  expect(openFiles()).toBe(before);
});

test('where there is no way through a descriptor, the system validates', () => {
  const nowhere = { ...HERE, directoryByDescriptor: () => '/no/such/place' };
  expect(enterDirectory(room.root, nowhere)).toBeNull();
  expect(enterDirectory(room.root, describePlatform('freebsd', '14.1'))).toBeNull();
  const long = `${'a/'.repeat(3000)}b`;
  expect(() => within(room.root, long, fs.readFileSync, { platform: describePlatform('freebsd', '14.1') })).toThrow(
    /ENAMETOOLONG/,
  );
});

test('a link is not followed', () => {
  fs.symlinkSync('/', room.path('out'));
  expect(() => enterDirectory(room.path('out'))).toThrow(/ENOTDIR|ELOOP/);
});
