import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { COMPLETE_FLAG } from '../../src/cli/completion-protocol.ts';
import { type LimitedFileSystem, mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { Workbench } from './command-line.ts';

const bench = new Workbench();
const WHY_NOT = whyNotLimited();
let mounted: LimitedFileSystem | null = null;
afterEach(async () => {
  await mounted?.unmount();
  mounted = null;
});

/** Resolves once the main thread of a process waits for the server of the file system. */
async function isHanging(pid: number | undefined): Promise<void> {
  while (readFileSync(`/proc/${pid}/wchan`, 'utf8') !== 'request_wait_answer') await setTimeout(20);
}

test
  .skipIf(WHY_NOT !== null)
  .each([
    ['create', 'hung.tar.gz', '--state-dir'],
    ['--threads', '1', 'create', 'hung.tar.gz', '--state-dir'],
    ['verify'],
    ['snapshots'],
  ])('a mount that does not answer does not keep SIGTERM from ending %s', async (...args) => {
  mounted = await mountLimited({});
  mounted.stopAnswering();
  const child = bench.start([...args, mounted.directory], { forceKillAfterDelay: false });
  await isHanging(child.pid);
  child.kill('SIGTERM');
  // Its main thread sees no signal: SIGKILL is all that is left.
  expect((await child).signal).toBe('SIGKILL');
  expect(readdirSync(bench.root)).not.toContain('hung.tar.gz');
});

test.skipIf(WHY_NOT !== null).each([['show'], ['list'], ['cat', 'MEMORY.md'], [COMPLETE_FLAG, 'cat', '']])(
  'nor from ending %s, which leaves nothing behind: the system ends it',
  async (...words) => {
    mounted = await mountLimited({});
    mounted.stopAnswering();
    const args = words.toSpliced(words[0] === COMPLETE_FLAG ? 2 : 1, 0, `${mounted.directory}/s.tar.gz`);
    const child = bench.start(args, { forceKillAfterDelay: false });
    await isHanging(child.pid);
    child.kill('SIGTERM');
    // On a machine that is so busy that its first moment was over, the watchdog ends it.
    expect(['SIGTERM', 'SIGKILL']).toContain((await child).signal);
  },
);

test.skipIf(WHY_NOT !== null)('nor where it hangs as soon as signals have handlers', async () => {
  mounted = await mountLimited({});
  mounted.stopAnswering();
  // It waits for its input until they come; then, before anything else, for what does not answer.
  const hang = `let times = 0;
    process.on('newListener', (name) => {
      if (name === 'SIGHUP' && ++times === 2) queueMicrotask(() => process.getBuiltinModule('fs').statSync('${mounted.directory}/s'));
    });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hang)}` };
  const child = bench.start(['show', '-'], { forceKillAfterDelay: false, env });
  await isHanging(child.pid);
  child.kill('SIGTERM');
  expect((await child).signal).toBe('SIGKILL');
});
