import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BackupEvent, createBackup, diffSnapshots, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** Whether the file system of the tests holds a time, as in memory; ext4 cuts it. */
function holds(seconds: bigint): boolean {
  const probe = room.fresh('probe');
  writeFileSync(probe, '');
  touch(probe, seconds);
  return lstatSync(probe, { bigint: true }).mtimeNs / 1_000_000_000n === seconds;
}

function touch(path: string, seconds: bigint | string): void {
  execFileSync('touch', ['-h', '-d', `@${seconds}`, path]);
}

/** A file, a large file, a directory and a link, all of one time. */
function treeOf(seconds: bigint | string): string {
  const state = room.fresh('state');
  mkdirSync(join(state, 'sessions/d'), { recursive: true });
  writeFileSync(join(state, 'sessions/a.json'), '{}');
  writeFileSync(join(state, 'large.bin'), Buffer.alloc(3_000_000, 'x'));
  symlinkSync('a.json', join(state, 'sessions/link'));
  for (const name of ['sessions/a.json', 'large.bin', 'sessions/link', 'sessions/d', 'sessions', '.'])
    touch(join(state, name), seconds);
  return state;
}

const NAMES = ['sessions/a.json', 'large.bin', 'sessions/link', 'sessions/d', 'sessions', '.'];

async function there(state: string) {
  const file = room.fresh('snapshot');
  const target = room.fresh('restored');
  const made = await createBackup(new StateStore(state), file, { threads: 1 });
  const { valid, problems } = await verifySnapshot({ snapshot: file });
  expect({ valid, problems }).toEqual({ valid: true, problems: [] });
  const events: BackupEvent[] = [];
  await restoreBackup(new StateStore(target), file, { threads: 1, onEvent: (event) => events.push(event) });
  return { made, file, target, notices: events.filter(({ type }) => type === 'notice') };
}

test.for([
  ['2300', 10_413_792_000n],
  ['behind 64 bits of nanoseconds', 9_223_372_037n],
  ['the year 100,000', 3_093_527_980_800n],
  ['the last second of a Date', 8_640_000_000_000n],
  ['1969', -1n],
  ['before 1677', -9_300_000_000n],
  ['the first second of a Date', -8_640_000_000_000n],
] as const)('a time of %s comes back', async ([, seconds], { skip }) => {
  if (!holds(seconds)) skip('the file system of the tests does not hold such a time');
  const state = treeOf(seconds);
  const { made, target, notices } = await there(state);
  expect(made.complete).toBe(true);
  expect(notices).toEqual([]);
  for (const name of NAMES)
    expect([name, lstatSync(join(target, name), { bigint: true }).mtimeNs]).toEqual([name, seconds * 1_000_000_000n]);
});

test('a time with nanoseconds, far from now, is the same to the microsecond', async ({ skip }) => {
  if (!holds(10_413_792_000n)) skip('the file system of the tests does not hold such a time');
  const { target, file } = await there(treeOf('10413792000.123456789'));
  const seen = lstatSync(join(target, 'sessions/a.json'), { bigint: true }).mtimeNs;
  expect(seen / 1000n).toBe(10_413_792_000_123_456n);
  expect((await diffSnapshots({ before: file, after: target })).changes).toEqual([]);
});

test.for([9_000_000_000_000n, 2n ** 62n, -(2n ** 62n)])(
  'a time that no snapshot holds (%s s) is named, and the snapshot is valid',
  async (seconds, { skip }) => {
    if (!holds(seconds)) skip('the file system of the tests does not hold such a time');
    const { made, target } = await there(treeOf(seconds));
    expect(made.complete).toBe(false);
    expect(made.statuses.map(({ path, status }) => `${status} ${path}`)).toEqual(
      ['large.bin', 'sessions', 'sessions/a.json', 'sessions/d', 'sessions/link'].map((path) => `inconsistent ${path}`),
    );
    expect(lstatSync(join(target, 'large.bin')).size).toBe(3_000_000);
  },
);

test('a restore says which times the file system does not hold', async ({ skip }) => {
  const state = treeOf(10_413_792_000n);
  if (!holds(10_413_792_000n)) skip('the file system of the tests does not hold such a time');
  const file = room.fresh('snapshot');
  await createBackup(new StateStore(state), file, { threads: 1 });
  // ext2 with inodes of 128 bytes ends in 2038.
  const image = room.fresh('image');
  const mount = room.fresh('mount');
  mkdirSync(mount);
  execFileSync('truncate', ['-s', '16M', image]);
  try {
    execFileSync('mkfs.ext2', ['-q', '-I', '128', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'ignore' });
  } catch {
    skip('no file system can be mounted here');
  }
  try {
    const events: BackupEvent[] = [];
    const target = join(mount, 'state');
    await restoreBackup(new StateStore(target), file, { threads: 1, onEvent: (event) => events.push(event) });
    expect(events.filter(({ type }) => type === 'notice')).toEqual([
      {
        type: 'notice',
        path: 'large.bin',
        message:
          'this file system does not hold its modification time, nor those of 4 more: it gets the nearest that it holds',
      },
    ]);
    expect(lstatSync(join(target, 'large.bin')).size).toBe(3_000_000);
  } finally {
    execFileSync('umount', [mount]);
  }
});
