import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createBackup, planBackup, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { readTree } from '../../fixtures/compare-trees.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

test('the plan is what the snapshot then holds', async () => {
  const workspace = room.fresh('workspace');
  buildWorkspace(workspace);
  // As Oxios itself makes them.
  mkdirSync(`${workspace}/backups/old`, { recursive: true });
  const manifest = JSON.stringify({ version: 1, created_at: '2026-11-01T00:00:00Z', oxios_version: '1', sections: [] });
  writeFileSync(`${workspace}/backups/old/manifest.json`, manifest.padEnd(1000));
  symlinkSync('/etc/hostname', `${workspace}/outside`);
  const output = `${workspace}/mine.tar.gz`;
  writeFileSync(output, 'an older one');
  const store = new StateStore(workspace);
  const options = { excludes: ['*.png'] };
  const before = [...readTree(workspace)].map(([path, node]) => [path, String(node.mtimeNs)]);

  const plan = await planBackup(store, { ...options, output });
  expect([...readTree(workspace)].map(([path, node]) => [path, String(node.mtimeNs)])).toEqual(before);
  expect(readdirSync(room.root).every((name) => name.startsWith('workspace'))).toBe(true);

  const made = await createBackup(store, output, { ...options, force: true });
  const { tar_bytes: _, ...totals } = made.totals;
  expect(plan.totals).toEqual(totals);
  expect(plan.sections).toEqual(made.manifest.sections);
  const reasons = (rows: typeof plan.excluded) => new Map(rows.map(({ path, reason }) => [path, reason]));
  // The real run puts its own temporary files beside the output, which is in the state directory here.
  const predictable = made.excluded.filter(({ path }) => !path.startsWith('.oxios-backup-'));
  expect(reasons(plan.excluded)).toEqual(reasons(predictable));
  expect(plan.excluded).toContainEqual(expect.objectContaining({ path: 'backups', type: 'directory', size: 1000 }));
  expect(plan.excluded).toContainEqual(expect.objectContaining({ path: 'mine.tar.gz', reason: 'the snapshot itself' }));
  expect(plan.notices).toEqual([expect.objectContaining({ path: 'outside' })]);
  expect(plan.incomplete).toEqual([]);
});

test('it fails as the real run would', async () => {
  await expect(planBackup(new StateStore(room.fresh('nowhere')))).rejects.toMatchObject({ code: 'STATE_DIR_MISSING' });
});
