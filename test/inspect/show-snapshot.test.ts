import { createReadStream, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { BackupError, createBackup, StateStore, showSnapshot } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { directory, file } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const snapshot = room.path('workspace.tar.gz');

beforeAll(async () => {
  buildWorkspace(room.path('workspace'));
  await createBackup(new StateStore(room.path('workspace')), snapshot);
});

test('a sealed snapshot shows what it holds and where it comes from', async () => {
  const summary = await showSnapshot({ snapshot });
  expect(summary).toMatchObject({
    path: snapshot,
    length: statSync(snapshot).size,
    sealed: true,
    complete: true,
    statuses: [],
    totals: { files: 47, symlinks: 3, hardLinks: 1 },
  });
  expect(summary.manifest.source).toMatchObject({ platform: process.platform, state_dir: room.path('workspace') });
  expect(summary.manifest.sections).toContainEqual({ name: 'memory/facts', entry_count: 6 });
});

test('a snapshot that comes through a pipe is the same', async () => {
  const summary = await showSnapshot({ snapshot: createReadStream(snapshot) });
  expect(summary).toEqual({ ...(await showSnapshot({ snapshot })), path: null });
});

test('a foreign archive has no totals', async () => {
  const path = room.fresh('foreign.tar.gz');
  writeFileSync(path, buildForeign([directory('seeds'), file('seeds/one.json')]));
  const summary = await showSnapshot({ snapshot: path });
  expect(summary).toMatchObject({ sealed: false, totals: null, complete: null });
  expect(summary.manifest.sections).toEqual([{ name: 'seeds', entry_count: 1 }]);
});

test('damage between both ends is not seen, damage at them is', async () => {
  const bytes = readFileSync(snapshot);
  const middle = room.fresh('middle.tar.gz');
  bytes.writeUInt8(bytes.readUInt8(8000) ^ 1, 8000);
  writeFileSync(middle, bytes);
  expect((await showSnapshot({ snapshot: middle })).sealed).toBe(true);
  truncateSync(middle, bytes.length - 1);
  await expect(showSnapshot({ snapshot: middle })).rejects.toMatchObject({ code: 'SNAPSHOT_TRUNCATED' });
  await expect(showSnapshot({ snapshot: room.path('nothing') })).rejects.toBeInstanceOf(BackupError);
});
