import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';

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
  const { exitCode } = await child;
  expect([130, 143]).toContain(exitCode);
  expect(readdirSync(bench.root)).not.toContain('x.tar.gz');
  await bench.run(['create', 'y.tar.gz', '--state-dir', 'state', '--level', '1']);
  expect(readdirSync(bench.root).filter((name) => name.startsWith('.'))).toEqual([]);
});
