import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { lastJson, MAIN, Workbench } from './command-line.ts';

const bench = new Workbench();
/** Enough for a signal to arrive while it is at work. */
const NOISE_BYTES = 32 * 1024 * 1024;
/** One worker at the highest level takes its time. */
const SLOWLY = ['--threads', '1', '--json', '--progress'];

beforeAll(async () => {
  mkdirSync(bench.path('state/sessions'), { recursive: true });
  writeFileSync(bench.path('state/noise.txt'), randomBytes(NOISE_BYTES / 2).toString('hex'));
  writeFileSync(bench.path('state/sessions/a.json'), '{}');
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state', '--level', '1']);
  mkdirSync(bench.path('live'));
  writeFileSync(bench.path('live/mine.txt'), 'mine');
});

/** Runs a command, and sends it a signal when its first event of this phase has come. */
async function interruptIn(phase: string, signal: NodeJS.Signals, args: string[]) {
  const child = bench.start([...args, ...SLOWLY]);
  let sent = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    if (sent || !chunk.toString().includes(`"phase":"${phase}"`)) return;
    sent = true;
    child.kill(signal);
  });
  const { exitCode, stdout } = await child;
  return { status: exitCode, out: String(stdout) };
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends a create with exit status %i and nothing left behind', async (signal, status) => {
  const before = readdirSync(bench.root).sort();
  const run = await interruptIn('capture', signal, ['create', 'x.tar.gz', '--state-dir', 'state', '--level', '9']);
  expect(run.status).toBe(status);
  expect(lastJson(run.out)).toMatchObject({ type: 'error', code: 'ABORTED', status });
  expect(readdirSync(bench.root).sort()).toEqual(before);
});

it.each([
  ['check', 'SIGINT', 130],
  ['extract', 'SIGINT', 130],
  ['extract', 'SIGTERM', 143],
] as const)('in its phase "%s" %s ends a restore with exit status %i, all as it was', async (phase, signal, status) => {
  const before = readdirSync(bench.root).sort();
  const run = await interruptIn(phase, signal, ['restore', 's.tar.gz', '--replace', '--state-dir', 'live']);
  expect(run.status).toBe(status);
  expect(readdirSync(bench.root).sort()).toEqual(before);
  expect(readdirSync(bench.path('live'))).toEqual(['mine.txt']);
});

it('a second signal does not wait for the clean-up, and the next run clears what is left', async () => {
  const child = bench.start(['create', 'x.tar.gz', '--state-dir', 'state', '--level', '9', ...SLOWLY]);
  child.stdout?.once('data', async () => {
    child.kill('SIGSTOP');
    child.kill('SIGINT');
    await setTimeout(50);
    child.kill('SIGTERM');
    child.kill('SIGCONT');
  });
  const { exitCode, signal } = await child;
  expect([130, 143, 'SIGINT', 'SIGTERM']).toContain(exitCode ?? signal);
  expect(readdirSync(bench.root)).not.toContain('x.tar.gz');
  await bench.run(['create', 'y.tar.gz', '--state-dir', 'state', '--level', '1']);
  expect(readdirSync(bench.root).filter((name) => name.startsWith('.'))).toEqual([]);
});

const PIPE_BYTES = 64 * 1024;

/** A create whose snapshot nobody reads: the pipe is full, and stays so. */
async function createIntoFullPipe() {
  const child = spawn(process.execPath, [MAIN, 'create', '-', '--state-dir', 'state', '--scratch-dir', '.'], {
    cwd: bench.root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${child.pid}/io`, 'utf8'))?.[1]);
  let before = 0;
  // The pipe holds this much; nothing more is written once it waits.
  for (let now = written(); now < PIPE_BYTES || now !== before; now = written()) {
    before = now;
    await setTimeout(500);
  }
  return { child, ended: once(child, 'exit') };
}

it.skipIf(!existsSync('/proc/self/io'))('a command that waits for what never comes is ended all the same', async () => {
  const { child, ended } = await createIntoFullPipe();
  const scratch = () => readdirSync(bench.root).filter((name) => name.startsWith('.oxios-backup-scratch'));
  expect(scratch()).toHaveLength(1);
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
  // It has cleaned up; only its output is not read.
  expect(scratch()).toEqual([]);
});

it.skipIf(!existsSync('/proc/self/io'))('nor is a second signal kept waiting by it', async () => {
  const { child, ended } = await createIntoFullPipe();
  child.kill('SIGINT');
  await setTimeout(100);
  child.kill('SIGHUP');
  expect(await ended).toEqual([null, 'SIGHUP']);
});
