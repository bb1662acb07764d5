import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { holdLock } from '../../src/system/kernel-lock.ts';
import { livenessOf, type Mark, usageOf } from '../../src/system/liveness.ts';
import { describePlatform, HERE } from '../../src/system/platform.ts';
import { ownIdentity, type ProcessIdentity } from '../../src/system/process-identity.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const FIRST_NAMESPACE = '4026531836';
const MAC = describePlatform('darwin', '23.6.0');

function mark(owner: ProcessIdentity, isHeld = false): Mark {
  const path = room.fresh('mark');
  writeFileSync(path, '');
  return { path, owner, isHeld };
}

/** This process, were it in no container. */
const here: ProcessIdentity = { ...ownIdentity(), namespace: FIRST_NAMESPACE };

describe('of a process that can be looked at', () => {
  test('by its number and its start', () => {
    expect(livenessOf(mark(here), HERE, here)).toBe('alive');
    expect(livenessOf(mark({ ...here, started: '00000001' }), HERE, here)).toBe('dead');
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(livenessOf(mark({ ...here, pid }), HERE, here)).toBe('dead');
  });

  test('a zombie is dead', async () => {
    const parent = spawn('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (data) => resolve(Number(data))));
    const stat = (of: number | undefined) => spawnSync('cat', [`/proc/${of}/stat`], { encoding: 'utf8' }).stdout;
    const until = async (of: number | undefined, state: RegExp) => {
      while (HERE.processesFrom === 'proc' && !state.test(stat(of)))
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    // The shell itself might still wait for its child; sleep never does.
    await until(parent.pid, /^\d+ \(sleep\)/);
    process.kill(pid, 'SIGKILL');
    await until(pid, /^\d+ \(.*\) Z/);
    expect(livenessOf(mark({ ...here, pid, started: null }), HERE, here)).toBe(
      HERE.processesFrom === 'proc' ? 'dead' : expect.anything(),
    );
    parent.kill('SIGKILL');
  });

  test('on macOS too, where numbers mean the same everywhere', () => {
    const mac = { ...here, namespace: null };
    expect(livenessOf(mark({ ...mac, started: null }), MAC, mac)).toBe('alive');
    expect(livenessOf(mark({ ...mac, started: '00000001' }), MAC, mac)).toBe('dead');
    expect(livenessOf(mark({ ...mac, boot: '00000001' }), MAC, mac)).toBe('dead');
    expect(livenessOf(mark({ ...mac, boot: '00000001', host: '00000001' }), MAC, mac)).toBe('unknown');
    // Where no boot has a number: the machine decides.
    expect(livenessOf(mark({ ...mac, boot: null, started: null }), MAC, { ...mac, boot: null })).toBe('alive');
    expect(livenessOf(mark({ ...mac, boot: null, host: '00000001' }), MAC, { ...mac, boot: null })).toBe('unknown');
  });
});

describe.skipIf(HERE.processesFrom !== 'proc')('across boots', () => {
  const before = { ...here, boot: '00000001' };

  test('what only one kernel can have mounted was left by a dead one', () => {
    expect(livenessOf(mark(before), HERE, here)).toBe('dead');
    expect(livenessOf(mark({ ...before, host: '00000001', namespace: '4711' }), HERE, here)).toBe('dead');
  });

  test('on a file system that others may have mounted too, only the same machine is sure of it', () => {
    // Of procfs nobody knows who else has it.
    const shared = (owner: ProcessIdentity): Mark => ({ path: '/proc/version', owner, isHeld: false });
    expect(livenessOf(shared(before), HERE, here)).toBe('dead');
    expect(livenessOf(shared({ ...before, host: '00000001' }), HERE, here)).toBe('unknown');
    // Containers of different machines may have one name.
    const contained = { ...here, namespace: '4711' };
    expect(livenessOf(shared({ ...before, namespace: '4711' }), HERE, contained)).toBe('unknown');
  });
});

const hasFlock = spawnSync('flock', ['--version']).status === 0;

describe.skipIf(!HERE.hasPidNamespaces)('of a process in another container', () => {
  const elsewhere = { ...here, namespace: '4711', pid: 1 };

  test.skipIf(!hasFlock)('by the lock that it holds', () => {
    const held = mark(elsewhere, true);
    expect(livenessOf(held, HERE, here)).toBe('dead');
    const descriptor = holdLock(held.path, false);
    expect(descriptor).not.toBeNull();
    expect(livenessOf(held, HERE, here)).toBe('alive');
    if (descriptor !== null) closeSync(descriptor);
    expect(livenessOf(held, HERE, here)).toBe('dead');
  });

  test('without one it cannot be known: it counts as alive for a day', () => {
    const left = mark(elsewhere);
    const now = Date.now();
    expect(livenessOf(left, HERE, here)).toBe('unknown');
    expect(usageOf(left, now, HERE, here)).toBe('in-use');
    utimesSync(left.path, now / 1000 - 23 * 3600, now / 1000 - 23 * 3600);
    expect(usageOf(left, now, HERE, here)).toBe('in-use');
    utimesSync(left.path, now / 1000 - 25 * 3600, now / 1000 - 25 * 3600);
    expect(usageOf(left, now, HERE, here)).toBe('silent');
    // By a clock that was wrong.
    utimesSync(left.path, now / 1000 + 400 * 24 * 3600, now / 1000 + 400 * 24 * 3600);
    expect(usageOf(left, now, HERE, here)).toBe('silent');
  });

  test('a directory gives signs of life by what lies in it', () => {
    const path = room.fresh('scratch');
    mkdirSync(path);
    writeFileSync(`${path}/index`, '');
    const now = Date.now();
    utimesSync(path, now / 1000 - 25 * 3600, now / 1000 - 25 * 3600);
    const left = { path, owner: elsewhere, isHeld: false };
    expect(usageOf(left, now, HERE, here)).toBe('in-use');
    utimesSync(`${path}/index`, now / 1000 - 25 * 3600, now / 1000 - 25 * 3600);
    expect(usageOf(left, now, HERE, here)).toBe('silent');
  });
});
