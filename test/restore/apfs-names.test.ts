/** Names of 255 characters, and paths of 1,023 bytes: what APFS and macOS hold. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { afterEach, describe, expect, test } from 'vitest';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const skip = whyNotLimited();
const LONG = '한'.repeat(255);
let disk: LimitedFileSystem | undefined;

afterEach(async () => {
  await disk?.unmount();
  disk = undefined;
});

describe.skipIf(skip !== null)(`as on APFS${skip === null ? '' : ` (skipped: ${skip})`}`, () => {
  test('a name of 255 characters is captured, valid, and comes back where it can be held', async () => {
    disk = await mountApfsLike();
    const root = join(disk.directory, 'state');
    mkdirSync(root);
    writeFileSync(join(root, LONG), 'long');
    const snapshot = room.fresh('snapshot.tar.gz');
    expect((await createBackup(new StateStore(root), snapshot)).complete).toBe(true);
    expect((await verifySnapshot({ snapshot })).problems).toEqual([]);
    const back = join(disk.directory, 'back');
    await restoreBackup(new StateStore(back), snapshot);
    expect(readdirSync(back)).toEqual([LONG]);
    expect(readFileSync(join(back, LONG), 'utf8')).toBe('long');
    const elsewhere = room.fresh('folder');
    mkdirSync(elsewhere);
    await expect(restoreBackup(new StateStore(join(elsewhere, 'state')), snapshot)).rejects.toMatchObject({
      code: 'NAME_UNSUPPORTED',
      path: LONG,
    });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('a path that is longer than the system takes leaves nothing behind', async () => {
    const tree = room.fresh('tree');
    const deep = Array.from({ length: 5 }, () => 'd'.repeat(200)).join('/');
    mkdirSync(join(tree, deep), { recursive: true });
    writeFileSync(join(tree, deep, 'file'), 'deep');
    const snapshot = room.fresh('snapshot.tar.gz');
    await createBackup(new StateStore(tree), snapshot);
    disk = await mountApfsLike({ pathLimit: 1023 });
    await expect(restoreBackup(new StateStore(join(disk.directory, 'state')), snapshot)).rejects.toMatchObject({
      code: 'NAME_UNSUPPORTED',
    });
    expect(readdirSync(disk.directory)).toEqual([]);
  });
});
