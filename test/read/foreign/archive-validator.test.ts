import { expect, test } from 'vitest';
import type { Entry } from '../../../src/format/entry.ts';
import { ArchiveValidator } from '../../../src/read/foreign/archive-validator.ts';

const common = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, size: 0 };
const file = (path: string): Entry => ({ ...common, path, type: 'file' });

test('many entries far down in the same directory cost no more than few', () => {
  const validator = new ArchiveValidator('linux');
  const deep = 'd/'.repeat(2000);
  for (let i = 0; i < 3000; i++) validator.take(file(`${deep}${i}`));
  expect([...validator.paths()]).toHaveLength(5000);
});

test('directories without end, which no entry names, are refused', () => {
  const validator = new ArchiveValidator('linux');
  const deep = '/d'.repeat(200);
  expect(() => {
    for (let i = 0; i < 6000; i++) validator.take(file(`${i}${deep}`));
  }).toThrow(expect.objectContaining({ code: 'TAR_INVALID' }));
});

test('what lies below a file is refused, also far below it', () => {
  const validator = new ArchiveValidator('linux');
  validator.take(file('a/b'));
  expect(() => validator.take(file('a/b/c/d'))).toThrow(expect.objectContaining({ code: 'ENTRY_CONFLICT' }));
});
