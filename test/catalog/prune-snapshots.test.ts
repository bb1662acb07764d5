import fs from 'node:fs';
import { type BackupEvent, type PruneResult, pruneSnapshots, verifyFolder } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VERIFICATION_RECORDS } from '../../src/catalog/verification-records.ts';
import { directory, file } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { SnapshotFolder, sealedSnapshot } from './snapshot-folder.ts';

let folder: SnapshotFolder;
let events: BackupEvent[];
beforeEach(() => {
  folder = new SnapshotFolder();
  events = [];
});
afterEach(() => folder.remove());

const onEvent = (event: BackupEvent) => events.push(event);
const snapshots = () => folder.names().filter((name) => name !== VERIFICATION_RECORDS);
const removed = (result: PruneResult) => result.removed.map(({ name }) => name);
const untouched = (result: PruneResult) =>
  result.untouched.map(({ snapshot, reason }) => [snapshot.name, reason] as const);
const reasonsOf = (result: PruneResult) =>
  Object.fromEntries(
    result.groups.flatMap(({ keep }) => keep.map(({ snapshot, reasons }) => [snapshot.name, reasons])),
  );
/** Files that were read as a whole. */
const verified = () =>
  events.flatMap((event) => (event.type === 'snapshot' ? [event.path.slice(folder.path.length + 1)] : []));

test('removes what no rule keeps, oldest first', async () => {
  folder.addDays(1, 5);
  const lengths = [1, 2, 3].map((day) => fs.statSync(folder.file(`${day}.tar.gz`)).size);
  const result = await pruneSnapshots({ folder: folder.path, keepLast: 2 });
  expect(removed(result)).toEqual(['1.tar.gz', '2.tar.gz', '3.tar.gz']);
  expect(result).toMatchObject({ directory: folder.path, dryRun: false, untouched: [], failed: [] });
  expect(result.freedBytes).toBe(lengths.reduce((sum, length) => sum + length));
  expect(reasonsOf(result)).toEqual({ '5.tar.gz': ['last', 'newest verified'], '4.tar.gz': ['last'] });
  expect(result.groups.map(({ source }) => source)).toEqual([
    { hostname: 'elsewhere', stateDir: '/home/o/.oxios/workspace' },
  ]);
  expect(snapshots()).toEqual(['4.tar.gz', '5.tar.gz']);
});

test('a dry run gives the plan of the real one and changes nothing', async () => {
  folder.addDays(1, 6);
  folder.damage('6.tar.gz');
  const before = folder.state();
  const plan = await pruneSnapshots({ folder: folder.path, keepLast: 1, keepWeekly: 2, dryRun: true });
  expect(folder.state()).toEqual(before);
  expect(plan).toMatchObject({ dryRun: true, removed: [], failed: [] });
  const real = await pruneSnapshots({ folder: folder.path, keepLast: 1, keepWeekly: 2 });
  const names = ({ groups }: PruneResult) => groups.map(({ remove }) => remove.map(({ name }) => name));
  expect(names(plan)).toEqual(names(real));
  expect(names(real)).toEqual([removed(real)]);
  expect(reasonsOf(plan)).toEqual(reasonsOf(real));
  expect(plan.freedBytes).toBe(real.freedBytes);
});

test('pruning again removes nothing, and reads nothing', async () => {
  folder.addDays(1, 5);
  await pruneSnapshots({ folder: folder.path, keepLast: 2 });
  const before = folder.state();
  const again = await pruneSnapshots({ folder: folder.path, keepLast: 2, onEvent });
  expect(again.removed).toEqual([]);
  expect(events).toEqual([]);
  expect(folder.state()).toEqual(before);
});

test('acts on no policy that keeps nothing', async () => {
  folder.addDays(1, 2);
  for (const policy of [{}, { keepLast: 0 }, { keepDaily: -1 }])
    await expect(pruneSnapshots({ folder: folder.path, ...policy })).rejects.toMatchObject({ code: 'USAGE' });
  expect(folder.names()).toEqual(['1.tar.gz', '2.tar.gz']);
});

describe('the last good backup', () => {
  test('a fresh snapshot verifies nothing: the newest is verified before anything goes', async () => {
    folder.addDays(1, 3);
    await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent });
    expect(verified()).toEqual(['3.tar.gz']);
    expect(events).toContainEqual({ type: 'phase', phase: 'check' });
  });

  test('one that was verified before is verified again: bytes rot without a trace', async () => {
    folder.addDays(1, 3);
    await verifyFolder({ folder: folder.path });
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent });
    expect(verified()).toEqual(['3.tar.gz']);
    expect(removed(result)).toEqual(['1.tar.gz', '2.tar.gz']);
  });

  test('damage that keeps size and time of a verified one is found before anything goes', async () => {
    folder.addDays(1, 3);
    await verifyFolder({ folder: folder.path });
    const { atime, mtime } = fs.statSync(folder.file('3.tar.gz'));
    folder.damage('3.tar.gz');
    fs.utimesSync(folder.file('3.tar.gz'), atime, mtime);
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(reasonsOf(result)).toEqual({ '2.tar.gz': ['last', 'newest verified'] });
    expect(snapshots()).toEqual(['2.tar.gz', '3.tar.gz']);
  });

  test('a verified one makes room as soon as a newer one is verified', async () => {
    for (let day = 1; day <= 4; day += 1) {
      folder.addDays(day, day);
      await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent });
      expect(snapshots()).toEqual([`${day}.tar.gz`]);
    }
    expect(verified()).toEqual(['2.tar.gz', '3.tar.gz', '4.tar.gz']);
  });

  test('nothing is read as long as nothing would go', async () => {
    folder.addDays(1, 3);
    await pruneSnapshots({ folder: folder.path, keepLast: 3, onEvent });
    expect(events).toEqual([]);
    expect(folder.names()).not.toContain(VERIFICATION_RECORDS);
  });

  test('a streak of damaged snapshots displaces no good one', async () => {
    folder.addDays(1, 4);
    await pruneSnapshots({ folder: folder.path, keepLast: 2 });
    for (let day = 5; day <= 12; day += 1) {
      folder.addDays(day, day);
      folder.damage(`${day}.tar.gz`);
      await pruneSnapshots({ folder: folder.path, keepLast: 2 });
    }
    expect(snapshots()).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((day) => `${day}.tar.gz`));
  });

  test('damaged ones are found from the newest on, stay, and fill no place', async () => {
    folder.addDays(1, 6);
    for (const name of ['5.tar.gz', '6.tar.gz']) folder.damage(name);
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 2, onEvent });
    expect(verified()).toEqual(['6.tar.gz', '5.tar.gz', '4.tar.gz']);
    expect(reasonsOf(result)).toEqual({ '4.tar.gz': ['last', 'newest verified'], '3.tar.gz': ['last'] });
    expect(untouched(result)).toEqual([
      ['5.tar.gz', 'damaged'],
      ['6.tar.gz', 'damaged'],
    ]);
    expect(snapshots()).toEqual(['3.tar.gz', '4.tar.gz', '5.tar.gz', '6.tar.gz']);
  });

  test('when all are damaged, all stay', async () => {
    folder.addDays(1, 3);
    for (const name of folder.names()) folder.damage(name);
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(result.removed).toEqual([]);
    expect(snapshots()).toHaveLength(3);
  });

  test('a record of another file under the same name does not count', async () => {
    folder.addDays(1, 3);
    await verifyFolder({ folder: folder.path });
    folder.damage('3.tar.gz');
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(reasonsOf(result)).toEqual({ '2.tar.gz': ['last', 'newest verified'] });
    expect(snapshots()).toEqual(['2.tar.gz', '3.tar.gz']);
  });

  test('when the newest have incomplete, the newest without any is verified and stays', async () => {
    folder.addDays(1, 3);
    folder.addDays(4, 6, { incomplete: ['memory'] });
    folder.damage('3.tar.gz');
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 2, onEvent });
    expect(verified()).toEqual(['6.tar.gz', '3.tar.gz', '2.tar.gz']);
    expect(reasonsOf(result)).toEqual({
      '6.tar.gz': ['last', 'newest verified'],
      '5.tar.gz': ['last'],
      '2.tar.gz': ['newest complete'],
    });
    expect(removed(result)).toEqual(['1.tar.gz', '4.tar.gz']);
  });
});

describe('what is not what it should be displaces nothing', () => {
  const TEN = Array.from({ length: 10 }, (_, at) => file(`f${at}`, 'x'.repeat(1000)));

  test('snapshots that hold nothing', async () => {
    folder.addDays(1, 2);
    folder.addDays(3, 5, { entries: [directory('sessions')] });
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(reasonsOf(result)).toEqual({ '2.tar.gz': ['last', 'newest verified'] });
    expect(untouched(result)).toEqual([
      ['3.tar.gz', 'empty'],
      ['4.tar.gz', 'empty'],
      ['5.tar.gz', 'empty'],
    ]);
    expect(removed(result)).toEqual(['1.tar.gz']);
  });

  test('snapshots dated in the future, until that time comes', async () => {
    folder.addDays(1, 3);
    folder.add('tomorrow.tar.gz', { made: new Date(Date.now() + 3_600_000).toISOString() });
    folder.add('far.tar.gz', { made: '2199-01-01' });
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(reasonsOf(result)).toEqual({ '3.tar.gz': ['last', 'newest verified'] });
    expect(untouched(result)).toEqual([
      ['tomorrow.tar.gz', 'in the future'],
      ['far.tar.gz', 'in the future'],
    ]);
  });

  test('the newest from before a drop stays, and is verified', async () => {
    folder.addDays(1, 4, { entries: TEN });
    folder.damage('4.tar.gz');
    folder.addDays(5, 8, { entries: TEN.slice(0, 4) });
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 2, onEvent });
    expect(verified()).toEqual(['8.tar.gz', '4.tar.gz', '3.tar.gz']);
    expect(reasonsOf(result)).toEqual({
      '8.tar.gz': ['last', 'newest verified'],
      '7.tar.gz': ['last'],
      '3.tar.gz': ['before a drop'],
    });
    expect(removed(result)).toEqual(['1.tar.gz', '2.tar.gz', '5.tar.gz', '6.tar.gz']);
  });
});

const isRoot = process.getuid?.() === 0;
test.skipIf(isRoot)(
  `one that cannot be read fills no place${isRoot ? ' (skipped: root may read all)' : ''}`,
  async () => {
    folder.addDays(1, 4);
    fs.chmodSync(folder.file('4.tar.gz'), 0o000);
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
    expect(untouched(result)).toEqual([['4.tar.gz', 'unreadable']]);
    expect(removed(result)).toEqual(['1.tar.gz', '2.tar.gz']);
  },
);

test('two names of one file: the one that no rule keeps goes, and the rest of the source after it', async () => {
  folder.addDays(1, 3);
  fs.linkSync(folder.file('3.tar.gz'), folder.file('0.tar.gz'));
  const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
  expect(result.failed).toEqual([]);
  expect(snapshots()).toEqual(['3.tar.gz']);
});

test('a folder without a snapshot is the wrong one', async () => {
  folder.write('notes.txt', 'mine');
  await expect(pruneSnapshots({ folder: folder.path, keepLast: 1 })).rejects.toMatchObject({
    code: 'SNAPSHOT_MISSING',
  });
});

test('each source is decided on its own', async () => {
  folder.addDays(1, 2, { hostname: 'old machine' });
  folder.addDays(3, 4, { stateDir: '/srv/oxios' });
  folder.addDays(5, 9);
  const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
  expect(snapshots()).toEqual(['2.tar.gz', '4.tar.gz', '9.tar.gz']);
  expect(result.groups).toHaveLength(3);
});

test('only sealed snapshots are removed', async () => {
  const sound = sealedSnapshot({ made: '2025-01-01' });
  folder.write('old.tar.gz', buildForeign([directory('sessions'), file('sessions/a.json')]));
  folder.write('photos.tar.gz', buildForeign([file('photo')], { manifestTar: () => Buffer.alloc(0) }));
  folder.write('cut.tar.gz', sound.subarray(0, -10));
  folder.write('oxios-backup-20250101T000000Z-aaaa.tar.gz', '');
  folder.write('notes.txt', 'mine');
  folder.write('.hidden.tar.gz', sound);
  fs.symlinkSync('.hidden.tar.gz', folder.file('latest.tar.gz'));
  const others = folder.names();
  folder.addDays(1, 3);
  const result = await pruneSnapshots({ folder: folder.path, keepLast: 1 });
  expect(removed(result)).toEqual(['1.tar.gz', '2.tar.gz']);
  expect(new Set(snapshots())).toEqual(new Set([...others, '3.tar.gz']));
  expect(new Map(untouched(result))).toEqual(
    new Map([
      ['cut.tar.gz', 'damaged'],
      ['old.tar.gz', 'foreign'],
      ['oxios-backup-20250101T000000Z-aaaa.tar.gz', 'damaged'],
    ]),
  );
});

describe('when the folder changes under it', () => {
  /** Does it while the newest snapshot is being verified. */
  const during = (change: () => void) => (event: BackupEvent) => {
    if (event.type === 'phase') change();
  };

  test('a file that took the name of an old snapshot stays, and is named', async () => {
    folder.addDays(1, 3);
    const change = () => folder.write('1.tar.gz', 'something precious');
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent: during(change) });
    expect(fs.readFileSync(folder.file('1.tar.gz'), 'utf8')).toBe('something precious');
    expect(removed(result)).toEqual(['2.tar.gz']);
    expect(result.failed).toMatchObject([
      { snapshot: { name: '1.tar.gz' }, problem: { code: 'SNAPSHOT_REPLACED', paths: [folder.file('1.tar.gz')] } },
    ]);
    expect(result.freedBytes).toBe(result.removed[0]?.length);
  });

  test('without the last good backup nothing of its source goes', async () => {
    folder.addDays(1, 2, { hostname: 'first' });
    folder.addDays(3, 4, { hostname: 'second' });
    let checks = 0;
    const change = () => {
      checks += 1;
      if (checks === 2) fs.rmSync(folder.file('2.tar.gz'));
    };
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent: during(change) });
    expect(removed(result)).toEqual(['3.tar.gz']);
    expect(result.failed.map(({ snapshot }) => snapshot.name)).toEqual(['1.tar.gz']);
    expect(snapshots()).toEqual(['1.tar.gz', '4.tar.gz']);
  });

  test('a newest one that is replaced while it is verified verifies nothing', async () => {
    folder.addDays(1, 3);
    let changes = 0;
    const change = () => {
      changes += 1;
      if (changes === 1) folder.addDays(3, 3);
    };
    const result = await pruneSnapshots({ folder: folder.path, keepLast: 1, onEvent: during(change) });
    expect(reasonsOf(result)).toEqual({ '2.tar.gz': ['last', 'newest verified'] });
    expect(untouched(result)).toEqual([['3.tar.gz', 'unreadable']]);
    expect(snapshots()).toEqual(['2.tar.gz', '3.tar.gz']);
  });

  test('interrupted, it has removed nothing', async () => {
    folder.addDays(1, 3);
    const controller = new AbortController();
    const options = { signal: controller.signal, onEvent: during(() => controller.abort()) };
    await expect(pruneSnapshots({ folder: folder.path, keepLast: 1, ...options })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(folder.names()).toEqual(['1.tar.gz', '2.tar.gz', '3.tar.gz']);
  });
});
