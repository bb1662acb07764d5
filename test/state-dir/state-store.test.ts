import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StateStore } from '../../src/state-dir/state-store.ts';
import { temporaryFolder } from '../capture/collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test('lists stems of direct children, sorted by bytes', async () => {
  const facts = join(folder.path, 'memory/facts');
  mkdirSync(join(facts, 'below'), { recursive: true });
  for (const name of ['b.json', 'a.md', 'Z.json', '\u{1f600}.md', '\uff21.md', 'c.txt', '.json', 'below/x.json']) {
    writeFileSync(join(facts, name), '');
  }
  const names = await new StateStore(folder.path).listCategory('memory/facts');
  expect(names).toEqual(['Z', 'a', 'b', '\uff21', '\u{1f600}']);
});

test('a category without a folder is empty', async () => {
  expect(await new StateStore(folder.path).listCategory('seeds')).toEqual([]);
});

test.each(['', '/seeds', 'seeds/', 'a//b', '../x', 'a..b', 'a\\b', 'a\0b'])('refuses the category %j', async (name) => {
  await expect(new StateStore(folder.path).listCategory(name)).rejects.toMatchObject({ code: 'USAGE' });
});

test('a category that is a file is an error of the system', async () => {
  writeFileSync(join(folder.path, 'seeds'), '');
  await expect(new StateStore(folder.path).listCategory('seeds')).rejects.toMatchObject({ code: 'IO' });
});
