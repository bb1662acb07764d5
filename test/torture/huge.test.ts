import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TORTURE } from './case-counter.ts';

const GIB = 2 ** 30;
const SIZE = 8 * GIB + 12_345;
const ROOM = 12 * GIB;

function hasRoom(): boolean {
  const { bavail, bsize } = fs.statfsSync(tmpdir());
  return bavail * bsize > ROOM;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of fs.createReadStream(path, { highWaterMark: 4 * 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

test.skipIf(!TORTURE || !hasRoom())('a file over 8 GiB comes back, and GNU tar reads its size', async () => {
  const root = fs.mkdtempSync(join(tmpdir(), 'oxios-huge-'));
  try {
    const state = join(root, 'state');
    fs.mkdirSync(state);
    const file = join(state, 'huge.bin');
    const fd = fs.openSync(file, 'w');
    // Holes for the most part; something at both ends, and on the far side of what ustar can say.
    for (const at of [0, 4 * GIB, 8 * GIB - 1, SIZE - 10])
      fs.writeSync(fd, Buffer.from(`at ${at}`.slice(0, 10)), 0, undefined, at);
    fs.ftruncateSync(fd, SIZE);
    fs.closeSync(fd);
    const snapshot = join(root, 'snapshot.tar.gz');
    const made = await createBackup(new StateStore(state), snapshot, { level: 1 });
    expect(made.totals.bytes).toBe(SIZE);
    expect((await verifySnapshot({ snapshot })).problems).toEqual([]);
    const listed = spawnSync('tar', ['-tvzf', snapshot], { encoding: 'utf8' });
    expect(listed.stderr).toBe('');
    expect(listed.stdout).toContain(` ${SIZE} `);
    const digest = await digestOf(file);
    fs.rmSync(file);
    const back = join(root, 'back');
    await restoreBackup(new StateStore(back), snapshot, { allowEmpty: true });
    expect(await digestOf(join(back, 'huge.bin'))).toBe(digest);
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});
