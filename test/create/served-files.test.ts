/** File systems that a process or another computer serves. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBackup, restoreBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const skip = whyNotLimited();

test.skipIf(skip !== null)(`a file that seems to be missing for a moment is captured (${skip ?? 'FUSE'})`, async () => {
  const disk = await mountLimited({ missingAtFirst: true });
  try {
    const root = join(disk.directory, 'state');
    mkdirSync(join(root, 'seeds'), { recursive: true });
    writeFileSync(join(root, 'seeds/small.json'), '{}');
    writeFileSync(join(root, 'seeds/large.bin'), Buffer.alloc(3_000_000));
    const snapshot = room.fresh('snapshot.tar.gz');
    expect(await createBackup(new StateStore(root), snapshot)).toMatchObject({ complete: true, statuses: [] });
    const back = room.fresh('back');
    await restoreBackup(new StateStore(back), snapshot);
    expect(readdirSync(join(back, 'seeds')).sort()).toEqual(['large.bin', 'small.json']);
  } finally {
    await disk.unmount();
  }
});
