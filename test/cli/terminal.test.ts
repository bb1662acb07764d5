import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { Workbench } from './command-line.ts';
import { inTerminal as runInTerminal } from './pseudo-terminal.ts';
import { screen } from './screen.ts';

const bench = new Workbench();

beforeAll(() => {
  mkdirSync(bench.path('state/sessions'), { recursive: true });
  writeFileSync(bench.path('state/noise.txt'), randomBytes(8 * 1024 * 1024).toString('hex'));
  for (let i = 0; i < 500; i++) writeFileSync(bench.path(`state/sessions/${i}.json`), `{"id":${i}}`);
});

const inTerminal = (args: string[], options = {}) => runInTerminal(bench, args, options);

it('progress is drawn while it works, and gone at the end', async () => {
  const { status, written } = await inTerminal(['create', 's.tar.gz', '--state-dir', 'state', '--force']);
  expect(status).toBe(0);
  expect(written).toContain('capturing');
  expect(screen(written)).toMatch(
    /^\S+\/s\.tar\.gz\n {2}502 entries \(501 files\), .*\n {2}sessions +500\n {2}outside the sections +2\n$/,
  );
});

it('the progress of create shows about what share is done, the first time by a count, then by the parent', async () => {
  mkdirSync(bench.path('backups'));
  for (const run of ['first', 'second']) {
    const args = ['create', '--to', 'backups', '--state-dir', 'state', '--rescan'];
    const { status, written } = await inTerminal(args);
    expect(status).toBe(0);
    const shares = [...written.matchAll(/capturing {2}about (\d+)%/g)].map(([, share]) => Number(share));
    expect(shares.length, run).toBeGreaterThan(0);
    expect(Math.max(...shares)).toBeLessThan(100);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  }
});

it('progress fits a narrow terminal', async () => {
  const { written } = await inTerminal(['create', 'n.tar.gz', '--state-dir', 'state'], { columns: 20 });
  const drawn = [...written.matchAll(/\u001b\[\d*K([^\u001b\r\n]*)/g)].map(([, text]) => text ?? '');
  expect(drawn.some((text) => text.startsWith('capturing'))).toBe(true);
  for (const text of drawn.slice(0, -1)) expect(text.length).toBeLessThan(20);
});

it.each([
  ['a dumb terminal', [], { TERM: 'dumb' }],
  ['--quiet', ['--quiet'], {}],
  ['--json', ['--json'], {}],
])('nothing is drawn: %s', async (_name, options, env) => {
  const { status, written } = await inTerminal(['create', 'd.tar.gz', '--state-dir', 'state', '--force', ...options], {
    env,
  });
  expect(status).toBe(0);
  expect(written).not.toContain('\u001b');
});

it('nothing is coloured', async () => {
  const { written } = await inTerminal(['create', 'c.tar.gz', '--state-dir', 'state'], { env: { NO_COLOR: '1' } });
  expect(written).not.toMatch(/\u001b\[[\d;]*m/);
});

it('Ctrl-C takes the progress away, leaves nothing, and says so', async () => {
  const before = readdirSync(bench.root).sort();
  const args = ['create', 'x.tar.gz', '--state-dir', 'state', '--level', '9', '--threads', '1'];
  const { status, written } = await inTerminal(args, { interrupt: 'capturing' });
  expect(status).toBe(130);
  expect(screen(written)).toMatch(/^(?:\^C)?oxios-backup: .*\n {2}.*\n$/);
  expect(readdirSync(bench.root).sort()).toEqual(before);
});

it('a pipe stays clean', async () => {
  const { out, err } = await bench.shell('$b create p.tar.gz --state-dir state | cat');
  expect(err).toBe('');
  expect(out).not.toContain('\u001b');
});
