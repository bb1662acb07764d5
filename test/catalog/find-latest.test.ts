import { findLatest, verifyFolder } from 'oxios-backup';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SnapshotFolder } from './snapshot-folder.ts';

const SOURCE = { hostname: 'attic', stateDir: '/srv/oxios' };
let folder: SnapshotFolder;

beforeEach(() => {
  folder = new SnapshotFolder();
  folder.addDays(1, 3, SOURCE);
});

afterEach(() => folder.remove());

it('takes the newest of the source', async () => {
  folder.addDays(5, 6, { ...SOURCE, hostname: 'cellar' });
  const { snapshot, passedOver } = await findLatest({ folder: folder.path, source: SOURCE });
  expect(snapshot.name).toBe('3.tar.gz');
  expect(passedOver).toEqual([]);
});

it('passes over what is damaged, incomplete, cut short or dated in the future, and says why', async () => {
  folder.add('4.tar.gz', { ...SOURCE, made: '2026-01-04T12:00:00Z', incomplete: ['sessions/one.json'] });
  folder.add('future.tar.gz', { ...SOURCE, made: '2126-01-04T12:00:00Z' });
  folder.damage('3.tar.gz');
  const { snapshot, passedOver } = await findLatest({ folder: folder.path, source: SOURCE });
  expect(snapshot.name).toBe('2.tar.gz');
  expect(passedOver).toEqual([
    { name: 'future.tar.gz', reason: 'in the future' },
    { name: '4.tar.gz', reason: 'not complete: 1 missing or inconsistent' },
    { name: '3.tar.gz', reason: expect.stringMatching(/^not valid: /) },
  ]);
});

it('takes one from before a moment, and only a verified one where that is asked for', async () => {
  const before = new Date('2026-01-03T12:00:00Z');
  expect((await findLatest({ folder: folder.path, source: SOURCE, before })).snapshot.name).toBe('2.tar.gz');
  await verifyFolder({ folder: folder.path });
  folder.add('4.tar.gz', { ...SOURCE, made: '2026-01-04T12:00:00Z' });
  const { snapshot, passedOver } = await findLatest({ folder: folder.path, source: SOURCE, verified: true });
  expect(snapshot.name).toBe('3.tar.gz');
  expect(passedOver).toEqual([{ name: '4.tar.gz', reason: 'not verified yet' }]);
});

it('names the sources that are there when none is of the wanted one', async () => {
  await expect(
    findLatest({ folder: folder.path, source: { hostname: 'elsewhere', stateDir: '/srv/oxios' } }),
  ).rejects.toMatchObject({
    code: 'SNAPSHOT_MISSING',
    message: expect.stringContaining('no snapshot of elsewhere:/srv/oxios'),
    hint: expect.stringContaining('attic:/srv/oxios'),
  });
});
