/** A directory backup of Oxios, from the first try to have it restored to the snapshot that `import` makes of it. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { inTerminal } from './pseudo-terminal.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const MANIFEST = {
  version: 1,
  created_at: '2026-10-01T02:03:04Z',
  oxios_version: '0.3.0',
  sections: [
    { name: 'sessions', entry_count: 2 },
    { name: 'memory/facts', entry_count: 1 },
  ],
};

beforeAll(() => {
  for (const name of ['monday', 'short']) {
    writeSmallState(bench.path(name));
    writeFileSync(bench.path(name, 'manifest.json'), JSON.stringify(MANIFEST));
  }
  rmSync(bench.path('short/sessions/b.json'));
  mkdirSync(bench.path('folder'));
});

it('what restore says of it leads to a state that is back', async () => {
  const refused = await bench.run(['restore', 'monday', '--state-dir', 'back']);
  expect(refused.status).toBe(1);
  expect(refused.err).toMatch(
    /monday is a directory backup that Oxios made, not a snapshot\n.*"oxios-backup import DIR"/,
  );
  const words = ['import', 'monday', '--to', 'folder', '--state-dir', 'back'];
  const { status, out, err } = await bench.run(words);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toMatch(/^\S*oxios-backup-20261001T020304Z-\w{4}\.tar\.gz\n/);
  expect(out).toMatch(/\n {2}of \S+\/monday, which Oxios 0\.3\.0 made on 2026-10-01 /);
  const restored = await bench.run(['restore', 'folder', '--latest', '--state-dir', 'back']);
  expect(restored).toMatchObject({ status: 0, out: expect.stringContaining('as it was on 2026-10-01 ') });
  expect(readFileSync(bench.path('back/notes.txt'), 'utf8')).toBe('hello\n');
  expect(existsSync(bench.path('back/manifest.json'))).toBe(false);
});

it('a backup that holds less than it says is imported, and said so', async () => {
  const { status, out, err } = await bench.run(['import', 'short', 'short.tar.gz', '--state-dir', 'back', '--quiet']);
  expect({ status, out }).toEqual({ status: 3, out: '' });
  expect(err).toBe('the backup does not hold what its manifest says:\n  sessions: 2 documents stated, 1 found');
});

it('says it in JSON', async () => {
  const { out } = await bench.run(['import', 'short', 'json.tar.gz', '--state-dir', 'back', '--json']);
  const summary = lastJson(out);
  expect(summary).toMatchObject({
    command: 'import',
    status: 3,
    directory: bench.path('short'),
    section_differences: [{ name: 'sessions', stated: 2, found: 1 }],
    dropped_fields: [],
    manifest: { created_at: '2026-10-01T02:03:04.000Z' },
  });
  const documented = readFileSync(new URL('../../src/cli/OUTPUT.md', import.meta.url), 'utf8');
  for (const key of Object.keys(summary)) expect(documented).toContain(`\`${key}\``);
});

it('goes through a pipe, and not to a terminal', async () => {
  const { status, out, err } = await bench.shell('$b import monday - --state-dir back | $b verify -');
  expect({ status, out }).toMatchObject({ status: 0, out: expect.stringContaining('valid') });
  expect(err).toContain('snapshot written to standard output');
  const shown = await inTerminal(bench, ['import', 'monday', '-', '--state-dir', 'back']);
  expect(shown).toMatchObject({ status: 2, written: expect.stringContaining('a snapshot is not text') });
});

it('is shown in the help, and completed', async () => {
  expect((await bench.run(['help', 'import'])).out).toContain('--state-dir DIR');
  expect((await bench.run(['help'])).out).toMatch(/^ {2}import <directory> \[output\]/m);
  expect((await bench.run(['--get-completions', 'imp'])).out).toMatch(/^import\t/);
  expect((await bench.run(['--get-completions', 'import', 'monday', '--st'])).out).toMatch(/^--state-dir\t/);
});

it('what is no backup is distinguished from one', async () => {
  const { status, err } = await bench.run(['import', 'folder', '--state-dir', 'back']);
  expect({ status, err }).toEqual({ status: 4, err: expect.stringContaining('oxios-backup create --state-dir') });
  const twice = await bench.run(['import', 'monday', 'x.tar.gz', '--to', 'folder']);
  expect(twice.status).toBe(2);
});
