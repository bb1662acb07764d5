import fs from 'node:fs';
import { expect, test } from 'vitest';
import { encodeIndexPieces } from '../../src/format/gzip-member.ts';
import { readBlock, readIndex } from '../../src/read/index-reader.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test('a part that is longer than any can be is refused before room is made for it', () => {
  const length = 2 ** 40;
  const nowhere = { fd: -1, offset: 0, length };
  expect(() => readIndex(nowhere, 0, length)).toThrow(expect.objectContaining({ code: 'INDEX_INVALID' }));
});

test('a path that would act upon a terminal is escaped in the message', () => {
  const bytes = Buffer.from('not a block');
  fs.writeFileSync(room.path('index'), Buffer.concat([...encodeIndexPieces(bytes)]));
  const fd = fs.openSync(room.path('index'), 'r');
  const index = { fd, offset: 0, length: bytes.length };
  const counts = { entries: 1, members: 1, offset: 0, stored: 1, raw: 1 };
  const row = { first: '\u001b[2Jx', length: bytes.length, sha256: '0'.repeat(64), ...counts };
  try {
    expect(() => readBlock(index, { number: 0, row, at: 0 })).toThrow('the entries from "\\u001b[2Jx" on');
  } finally {
    fs.closeSync(fd);
  }
});
