/** Runs that wait for another one, which is a real `create` whose output nobody reads yet. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { inTerminal } from './pseudo-terminal.ts';
import { screen } from './screen.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const WAITING = /in use by process \d+ \(oxios-backup create, since \S+\): waiting until it is done/;
let holder: ReturnType<Workbench['start']>;

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
  // More than a pipe holds.
  writeFileSync(bench.path('state/noise.bin'), randomBytes(4 * 1024 * 1024));
});

beforeEach(async () => {
  holder = bench.start(['create', '-', '--state-dir', 'state'], { encoding: 'buffer', buffer: false });
  // It has the lock by the time that the first bytes come.
  await new Promise((resolve) => holder.stdout?.once('readable', resolve));
});

afterEach(async () => {
  holder.kill('SIGKILL');
  await holder;
});

/** Starts a run, and lets the other one finish when this one says that it waits. */
async function after(args: string[]) {
  const run = bench.start(args);
  let said = '';
  await new Promise<void>((resolve) => {
    run.stderr?.on('data', (data) => {
      said += data;
      if (WAITING.test(said)) resolve();
    });
    void run.then(() => resolve());
  });
  holder.stdout?.resume();
  const { exitCode, stdout, stderr } = await run;
  return { status: exitCode, out: String(stdout), err: String(stderr) };
}

it.each([
  ['create', ['create', 'after.tar.gz']],
  ['restore', ['restore', 's.tar.gz', '--merge', '--path', 'notes.txt']],
  ['undo', ['undo']],
  ['recover', ['recover']],
])('%s waits, says for whom, and does it then', async (_name, args) => {
  const { status, err } = await after([...args, '--state-dir', 'state', '--lock-wait', '5m']);
  expect({ status, err }).toMatchObject({ status: 0 });
  expect(err).toMatch(WAITING);
  expect((await holder).exitCode).toBe(0);
});

it('with --json standard output is what it is without a wait', async () => {
  const run = bench.start(['create', 'j.tar.gz', '--state-dir', 'state', '--lock-wait', '300', '--json', '--progress']);
  const lines: string[] = [];
  for await (const line of run) {
    lines.push(String(line));
    if (WAITING.test(String(line))) holder.stdout?.resume();
  }
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ v: 1, type: 'notice' });
  expect(lastJson(lines.join('\n'))).toMatchObject({ type: 'summary', status: 0 });
  expect((await run).stderr).toBe('');
});

it('the time over, it is refused', async () => {
  const { status, err } = await bench.run(['create', 'no.tar.gz', '--state-dir', 'state', '--lock-wait', '1']);
  expect(status).toBe(1);
  expect(err).toMatch(WAITING);
  expect(err).toMatch(/^oxios-backup: the state directory is in use by process \d+/m);
  expect(existsSync(bench.path('no.tar.gz'))).toBe(false);
});

it('without it a run is refused at once, and says so', async () => {
  const { status, err } = await bench.run(['create', 'no.tar.gz', '--state-dir', 'state']);
  expect(status).toBe(1);
  expect(err).not.toMatch(WAITING);
  expect(err).toContain('--lock-wait');
});

it('Ctrl-C ends the wait', async () => {
  const args = ['restore', 's.tar.gz', '--state-dir', 'state', '--replace', '--lock-wait', '1h'];
  const { status, written } = await inTerminal(bench, args, { interrupt: 'waiting' });
  expect(status).toBe(130);
  expect(screen(written)).toMatch(/waiting until it is done\n(?:\^C)?oxios-backup: interrupted\n/);
  expect(readFileSync(bench.path('state/notes.txt'), 'utf8')).toBe('hello\n');
});

it.each(['5 minutes', '600h'])('a time that is none is wrong usage: %s', async (time) => {
  const { status, err } = await bench.run(['undo', '--state-dir', 'state', `--lock-wait=${time}`]);
  expect(status).toBe(2);
  expect(err).toContain(`--lock-wait takes a time such as 30s, 5m or 1h, up to 596h, not "${time}"`);
});
