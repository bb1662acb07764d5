import { expect, test } from 'vitest';
import type { BlockEntry } from '../../src/format/index-block.ts';
import { encodeHeader, headerBlocks } from '../../src/format/tar-header.ts';
import { headerAgrees } from '../../src/read/block-walker.ts';

function entryAt(path: string, link?: string): BlockEntry {
  const entry: BlockEntry = {
    path,
    type: link === undefined ? 'file' : 'symlink',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: 0,
    mtimeNs: 0,
    size: 0,
    headerBlocks: 1,
    ...(link === undefined ? {} : { link }),
  };
  entry.headerBlocks = headerBlocks(entry);
  return entry;
}

function headerOf(entry: BlockEntry): Buffer {
  const header = Buffer.alloc(entry.headerBlocks * 512);
  encodeHeader(entry, header, 0);
  return header;
}

test('a header agrees with the longest names that it can hold', () => {
  const entry = entryAt(`${'ł/'.repeat(1300)}x`, '字'.repeat(1365));
  expect(headerAgrees(entry, headerOf(entry), 0)).toBe(true);
});

test('an index that names what no header can hold is at odds with it, and no fault of the reader', () => {
  const header = headerOf(entryAt('short'));
  for (const entry of [entryAt('y'.repeat(200_000)), entryAt('short', 'z'.repeat(200_000))])
    expect(headerAgrees(entry, header, 0)).toBe(false);
});
