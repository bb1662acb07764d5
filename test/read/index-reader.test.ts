import fs from 'node:fs';
import { expect, test } from 'vitest';
import { encodeIndexPieces } from '../../src/format/gzip-member.ts';
import { readBlock, readIndex } from '../../src/read/index-reader.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test('a part that is longer than any can be is refused before room is made for it', async () => {
  const length = 2 ** 40;
  const reader = { name: 'nowhere', size: length, version: '', read: () => expect.fail(), close: async () => {} };
  const nowhere = { reader, offset: 0, length };
  await expect(readIndex(nowhere, 0, length)).rejects.toMatchObject({ code: 'INDEX_INVALID' });
});

test('a path that would act upon a terminal is escaped in the message', async () => {
  const bytes = Buffer.from('not a block');
  fs.writeFileSync(room.path('index'), Buffer.concat([...encodeIndexPieces(bytes)]));
  const reader = await openReader(room.path('index'));
  const index = { reader, offset: 0, length: bytes.length };
  const counts = { entries: 1, members: 1, offset: 0, stored: 1, raw: 1 };
  const row = { first: '\u001b[2Jx', length: bytes.length, sha256: '0'.repeat(64), ...counts };
  try {
    await expect(readBlock(index, { number: 0, row, at: 0 })).rejects.toThrow('the entries from "\\u001b[2Jx" on');
  } finally {
    await reader.close();
  }
});
