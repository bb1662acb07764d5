import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { copyLiveFile } from '../../src/capture/copy-live-file.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** A file that says it is longer than it is, as one does that is cut while it is copied. */
const SHORTER_THAN_ITS_SIZE = '/sys/devices/system/cpu/online';

test.skipIf(!existsSync(SHORTER_THAN_ITS_SIZE))(
  'a file that becomes shorter is copied up to where it ends',
  async () => {
    const copy = room.fresh('copy');
    await copyLiveFile(SHORTER_THAN_ITS_SIZE, copy);
    expect(readFileSync(copy)).toEqual(readFileSync(SHORTER_THAN_ITS_SIZE));
    expect(statSync(copy).size).toBeLessThan(statSync(SHORTER_THAN_ITS_SIZE).size);
  },
);

test.each([0, 1, 1024 * 1024, 2_500_001])('all %i bytes are copied, for this user only', async (size) => {
  const original = room.fresh('original');
  const copy = room.fresh('copy');
  writeFileSync(original, Buffer.alloc(size, 'abcdefg'));
  await copyLiveFile(original, copy);
  expect(readFileSync(copy).equals(readFileSync(original))).toBe(true);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
});

test('a file that is not there is said to be so', async () => {
  await expect(copyLiveFile(room.fresh('none'), room.fresh('copy'))).rejects.toThrow('ENOENT');
});
