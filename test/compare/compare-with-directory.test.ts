import { createReadStream, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareWithDirectory, createBackup, restoreBackup, StateStore } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

beforeAll(async () => {
  buildWorkspace(workspace);
  await createBackup(new StateStore(workspace), snapshot);
});

test('a restored directory is what the snapshot says, down to the microsecond', async () => {
  const restored = room.fresh('restored');
  await restoreBackup(new StateStore(restored), snapshot);
  const comparison = await compareWithDirectory({ snapshot, directory: restored });
  expect(comparison).toMatchObject({ compared: true, same: true, changes: [], verify: { valid: true } });
});

test('a change that hides behind size and time is found', async () => {
  const restored = room.fresh('restored');
  await restoreBackup(new StateStore(restored), snapshot);
  const path = join(restored, 'memory/facts/coffee.json');
  const { size, mtimeNs } = statSync(path, { bigint: true });
  // Half a microsecond keeps the double from falling into the one before.
  const time = Number(mtimeNs / 1000n) / 1e6 + 5e-7;
  writeFileSync(path, ' '.repeat(Number(size)));
  utimesSync(path, time, time);
  const { changes } = await compareWithDirectory({ snapshot: createReadStream(snapshot), directory: restored });
  expect(changes.map(({ path, aspects }) => [path, ...aspects])).toEqual([['memory/facts/coffee.json', 'content']]);
});

test('a damaged snapshot is compared with nothing', async () => {
  const bytes = readFileSync(snapshot);
  bytes.writeUInt8(bytes.readUInt8(9000) ^ 1, 9000);
  const damaged = room.fresh('damaged.tar.gz');
  writeFileSync(damaged, bytes);
  const comparison = await compareWithDirectory({ snapshot: damaged, directory: workspace });
  expect(comparison).toMatchObject({ compared: false, same: false, changes: [], verify: { valid: false } });
  expect(comparison.verify.problems.length).toBeGreaterThan(0);
});

test('a directory that is not there is an error', async () => {
  await expect(compareWithDirectory({ snapshot, directory: room.path('nowhere') })).rejects.toMatchObject({
    code: 'STATE_DIR_MISSING',
  });
});
