import { linkSync, lstatSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HardLinks } from '../../src/capture/hard-links.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** A file of two names. */
function twoNames(name: string) {
  const path = room.path(name);
  writeFileSync(path, name);
  linkSync(path, `${path}.2`);
  return lstatSync(path, { bigint: true });
}

test('a further name leads to the first, until all are met', () => {
  const links = new HardLinks();
  const stat = twoNames('a');
  expect(links.firstNameOf(stat)).toBeNull();
  const first = { path: 'a', mode: 0o600, uid: 1, gid: 2, mtimeNs: 3n };
  links.keep(first, stat);
  expect(links.firstNameOf(stat)).toEqual(first);
  expect(links.firstNameOf(stat)).toBeNull();
});

test('of more files than it has room for it forgets the oldest, and says so', () => {
  const links = new HardLinks(3);
  const stats = ['b', 'c', 'd', 'e'].map((name) => ({ name, stat: twoNames(name) }));
  for (const { name, stat } of stats) links.keep({ path: name, mode: 0o600, uid: 1, gid: 2, mtimeNs: 3n }, stat);
  expect(links.forgotten).toBe(1);
  expect(stats.map(({ stat }) => links.firstNameOf(stat)?.path)).toEqual([undefined, 'c', 'd', 'e']);
});
