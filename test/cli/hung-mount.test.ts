import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
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

test.skipIf(WHY_NOT !== null).each([['create', 'hung.tar.gz', '--state-dir'], ['verify'], ['snapshots']])(
  'a mount that does not answer does not keep SIGTERM from ending %s',
  async (...args) => {
    mounted = await mountLimited({});
    mounted.stopAnswering();
    const child = bench.start([...args, mounted.directory]);
    await isHanging(child.pid);
    child.kill('SIGTERM');
    // Its main thread sees no signal: SIGKILL is all that is left.
    expect((await child).signal).toBe('SIGKILL');
    expect(readdirSync(bench.root)).not.toContain('hung.tar.gz');
  },
);
