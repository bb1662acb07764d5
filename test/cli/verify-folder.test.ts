import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { Workbench } from './command-line.ts';
import { inTerminal } from './pseudo-terminal.ts';
import { screen } from './screen.ts';

const bench = new Workbench();

beforeAll(async () => {
  for (const folder of ['state', 'backups', 'good']) mkdirSync(bench.path(folder));
  writeFileSync(bench.path('state/notes.txt'), 'hello\n');
  expect(await bench.run(['create', 'good/one.tar.gz', '--state-dir', 'state'])).toMatchObject({ status: 0 });
  for (const name of ['good/two', 'backups/one', 'backups/cut', 'backups/two'])
    copyFileSync(bench.path('good/one.tar.gz'), bench.path(`${name}.tar.gz`));
  truncateSync(bench.path('backups/cut.tar.gz'), 1000);
});

it('verify DIR --quiet says what is wrong, and nothing else', async () => {
  expect(await bench.run(['verify', 'good', '--quiet'])).toEqual({ status: 0, out: '', err: '' });
  const { status, out, err } = await bench.run(['verify', 'backups', '--quiet']);
  expect({ status, out }).toEqual({ status: 4, out: '' });
  expect(err).toMatch(/^cut\.tar\.gz: NOT VALID, 1 problem\n/);
  expect(err).not.toMatch(/one|two|snapshots|verifying/);
  const several = await bench.run(['verify', 'good', 'backups', 'good/one.tar.gz', '--quiet']);
  expect(several).toEqual({ status: 4, out: '', err });
});

it('the progress says which one is verified, of how many, and leaves no trace', async () => {
  const { status, written } = await inTerminal(bench, ['verify', 'good']);
  expect(status).toBe(0);
  expect(written).toContain('verifying one.tar.gz (1/2)');
  expect(written).toContain('verifying two.tar.gz (2/2)');
  expect(screen(written)).toMatch(/^one\.tar\.gz: valid.*\ntwo\.tar\.gz: valid.*\n2 snapshots, 0 of them not valid\n$/);
  const several = await inTerminal(bench, ['verify', 'good/one.tar.gz', 'good/two.tar.gz']);
  expect(several.written).toContain('verifying two.tar.gz (2/2)');
  expect((await bench.run(['verify', 'good'])).err).toBe('');
});
