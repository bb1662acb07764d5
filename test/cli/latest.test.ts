import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.shell('mkdir backups && $b create backups/1.tar.gz --state-dir state --host attic');
  writeFileSync(bench.path('state/later.txt'), 'later');
  await bench.shell('$b create backups/2.tar.gz --state-dir state --host attic');
  await bench.shell('head -c 2000 backups/2.tar.gz > backups/oxios-backup-20990101T000000Z-aaaa.tar.gz');
});

const from = () => ['--source', `attic:${bench.path('state')}`];

it('restores the newest good snapshot of a folder, and says which it took and which it did not', async () => {
  const { status, out, err } = await bench.run(['restore', 'backups', '--latest', ...from(), '--state-dir', 'back']);
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(err).toMatch(/note: oxios-backup-20990101T000000Z-aaaa\.tar\.gz: not taken: damaged: /);
  expect(err).toMatch(/note: .*backups\/2\.tar\.gz: taken, made \d{4}-/);
  expect(out).toContain('restored');
  expect(readFileSync(bench.path('back/later.txt'), 'utf8')).toBe('later');
});

it('says before when it looked, in which zone', async () => {
  const args = ['restore', 'backups', '--latest', '--before', '2098-01-01', ...from(), '--state-dir', 'dated'];
  const { err } = await bench.run(args, { env: { TZ: 'Asia/Kathmandu' } });
  expect(err).toMatch(/taken, made .*\+05:45, the newest from before 2098-01-01 00:00:00\+05:45$/m);
});

it('says it in JSON, also when nothing is written', async () => {
  const words = ['restore', 'backups', '--latest', ...from(), '--state-dir', 'dry', '--dry-run', '--json'];
  const { out } = await bench.run(words);
  expect(lastJson(out)).toMatchObject({ status: 0, taken: expect.stringMatching(/2\.tar\.gz$/) });
  expect(existsSync(bench.path('dry'))).toBe(false);
});

it('names the sources of a folder that has none of this one', async () => {
  const { status, err } = await bench.run(['restore', 'backups', '--latest', '--state-dir', 'other']);
  expect(status).toBe(1);
  expect(err).toContain(`attic:${bench.path('state')}`);
  expect(err).toContain('--source');
});

it('refuses a date or source that is none, and a folder without --latest by naming it', async () => {
  const before = await bench.run(['restore', 'backups', '--latest', '--before', 'yesterday']);
  expect(before).toMatchObject({ status: 2, err: expect.stringContaining('--before takes a day or time') });
  const source = await bench.run(['restore', 'backups', '--latest', '--source', 'attic']);
  expect(source).toMatchObject({ status: 2, err: expect.stringContaining('--source takes HOST:PATH') });
  const folder = await bench.run(['restore', 'backups', '--state-dir', 'none']);
  expect(folder.err).toContain('--latest');
});
