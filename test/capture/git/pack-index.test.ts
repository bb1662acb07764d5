import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PackIndex } from '../../../src/capture/git/pack-index.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();

test.skipIf(!existsSync('/proc/self/fd'))('one that cannot be read is not left open', () => {
  const folder = room.fresh('pack-1.idx');
  mkdirSync(folder);
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let i = 0; i < 10; i++) expect(() => new PackIndex(folder)).toThrow('EISDIR');
  expect(open()).toBe(before);
});
