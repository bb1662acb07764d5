import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { createBackup, StateStore } from 'oxios-backup';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { MAIN } from '../cli/command-line.ts';
import { buildLargerTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';
import { CaseCounter, TORTURE } from './case-counter.ts';

const MOMENTS = TORTURE ? 100 : 8;

const room = new TempDir();
const state = room.path('state');
const snapshot = room.path('snapshot.tar.gz');
const mountPoint = room.path('mounted');
let wanted: Map<string, TreeNode>;

const canMount = ((): boolean => {
  fs.mkdirSync(mountPoint);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'none', mountPoint]).status === 0;
})();

beforeAll(async () => {
  buildLargerTree(state);
  fs.mkdirSync(join(state, 'memory/episodes'), { recursive: true });
  for (let i = 0; i < 1500; i++) fs.writeFileSync(join(state, `memory/episodes/${i}.json`), noise(500 + i, i));
  await createBackup(new StateStore(state), snapshot);
  wanted = readTree(state);
});

afterAll(() => {
  if (canMount) spawnSync('umount', ['-l', mountPoint]);
});

const cli = (...args: string[]) => execa(process.execPath, [MAIN, ...args], { reject: false });

/** How long a command takes to begin with its work, and to end it: most moments before the first would try nothing. */
async function spanOf(run: () => Promise<unknown>): Promise<[from: number, to: number]> {
  const took = async (each: () => Promise<unknown>) => {
    const start = performance.now();
    await each();
    return performance.now() - start;
  };
  return [(await took(() => cli('--version'))) * 0.8, (await took(run)) * 1.1];
}

/** Runs a command and kills it after so many milliseconds. @returns its exit status, null when it was killed */
async function killedAfter(milliseconds: number, args: string[]): Promise<number | null> {
  const running = cli(...args);
  await Promise.race([sleep(milliseconds), running]);
  running.kill('SIGKILL');
  const { exitCode, signal } = await running;
  if (signal === 'SIGKILL') return null;
  expect(signal).toBeUndefined();
  return exitCode ?? -1;
}

/** Moments within a span, the same number of them in each part of it, anywhere in the part. */
function momentsIn([from, to]: [number, number]): number[] {
  return Array.from({ length: MOMENTS }, (_, i) => from + ((to - from) * (i + Math.random())) / MOMENTS);
}

test('create killed at random moments: nothing at the final name, or a whole snapshot', async (context) => {
  const counter = new CaseCounter(
    context,
    'create killed at a random moment: nothing at the final name, or a whole snapshot',
  );
  const folder = room.path('output');
  const output = join(folder, 'snapshot.tar.gz');
  const args = ['create', output, '--state-dir', state];
  const empty = () => {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder);
  };
  empty();
  let kills = 0;
  for (const moment of momentsIn(await spanOf(() => cli(...args)))) {
    empty();
    await counter.case(`killed after ${moment.toFixed(1)} ms`, async () => {
      const status = await killedAfter(moment, args);
      expect([null, 0]).toContain(status);
      if (status === null) kills++;
      expect(fs.existsSync(output) || status === null).toBe(true);
      if (fs.existsSync(output)) {
        expect(await cli('verify', output)).toMatchObject({ exitCode: 0 });
        fs.unlinkSync(output);
      }
      expect(await cli(...args)).toMatchObject({ exitCode: 0 });
      expect(fs.readdirSync(folder)).toEqual(['snapshot.tar.gz']);
      expect(compareTrees(wanted, readTree(state))).toEqual([]);
    });
  }
  expect(kills).toBeGreaterThan(MOMENTS / 4);
  counter.finish();
});

/** Without the state directory itself, which is not replaced where it is a mount point, and without what is ours in it. */
function treeOf(live: string): Map<string, TreeNode> {
  if (!fs.existsSync(live)) return new Map();
  return new Map([...readTree(live)].filter(([path]) => path !== '.' && path.split('/')[0] !== '.oxios-backup'));
}

const targets = [
  ['by rename', () => room.path('beside', 'workspace'), false],
  ['child by child', () => mountPoint, !canMount],
] as const;

for (const [how, place, skip] of targets) {
  test.skipIf(skip)(`restore ${how} killed at random moments: the previous tree or the new one`, async (context) => {
    const counter = new CaseCounter(
      context,
      `restore ${how} killed at a random moment: the previous tree or the new one`,
    );
    const live = place();
    const args = ['restore', snapshot, '--state-dir', live, '--replace'];
    const layOut = () => {
      if (live === mountPoint)
        for (const name of fs.readdirSync(live)) fs.rmSync(join(live, name), { recursive: true });
      else fs.rmSync(dirname(live), { recursive: true, force: true });
      for (let i = 0; i < 20; i++) {
        fs.mkdirSync(join(live, `seeds/${i}`), { recursive: true });
        fs.writeFileSync(join(live, `seeds/${i}/mine.json`), `${i}`);
      }
    };
    const differences = () => {
      const inside = new Map(wanted);
      inside.delete('.');
      return compareTrees(inside, treeOf(live));
    };
    layOut();
    let kills = 0;
    for (const moment of momentsIn(await spanOf(() => cli(...args)))) {
      layOut();
      const before = treeOf(live);
      await counter.case(`killed after ${moment.toFixed(1)} ms`, async () => {
        const status = await killedAfter(moment, args);
        expect([null, 0]).toContain(status);
        if (status === null) kills++;
        expect(await cli('recover', '--state-dir', live)).toMatchObject({ exitCode: 0 });
        const whole = differences();
        if (status === 0) expect(whole).toEqual([]);
        else if (whole.length > 0) expect(compareTrees(before, treeOf(live))).toEqual([]);
        // Whatever is left besides a tree that was replaced, the next run clears.
        expect(await cli(...args)).toMatchObject({ exitCode: 0 });
        expect(differences()).toEqual([]);
        const beside = live === mountPoint ? [] : fs.readdirSync(dirname(live));
        const own = beside.filter((name) => name.startsWith('.') || name.endsWith('.tmp'));
        // The list of previous states stays with them.
        expect(own.filter((name) => name !== `.${basename(live)}.oxios-backup.history`)).toEqual([]);
      });
    }
    expect(kills).toBeGreaterThan(MOMENTS / 4);
    counter.finish();
  });
}
