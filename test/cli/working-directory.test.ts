/** A state directory that is replaced under the shell that stands in it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { MAIN, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const MOVED = /^note: \S+\/state: you are still in the old directory of this name; to be in the new one: cd "\$PWD"$/;
const SHELLS = ['bash', 'dash', 'zsh', 'fish'].filter((shell) => spawnSync(shell, ['-c', 'true']).status === 0);
const program = bench.path('oxios-backup');
let at: string;

beforeAll(() => writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 }));

beforeEach(async () => {
  at = bench.fresh('home');
  mkdirSync(at);
  writeSmallState(`${at}/state`);
  await bench.shell(`cd ${at} && $b create s.tar.gz --state-dir state && echo later > state/notes.txt`);
});

it.each(SHELLS)('restore and undo say it to %s, and what they say helps', async (shell) => {
  const visit = 'cat notes.txt; cd "$PWD"; cat notes.txt';
  const script = `cd ${at}/state; ${program} restore ../s.tar.gz --replace --state-dir . --json; ${visit}; ${program} undo --state-dir . --json; ${visit}`;
  const { stdout, stderr } = await execa(shell, ['-c', script]);
  // In the old one, then in the new one; after the undo in the new one, then again in the old one.
  expect(stdout.split('\n').filter((line) => /^\w+$/.test(line))).toEqual(['later', 'hello', 'hello', 'later']);
  expect(stderr).toBe('');
});

it.each([
  ['restore', 'restore ../s.tar.gz --replace'],
  ['undo', 'undo'],
])('%s says how to come to the new one', async (_name, words) => {
  await bench.shell(`cd ${at} && $b restore s.tar.gz --replace --state-dir state`);
  const { status, err } = await bench.shell(`cd ${at}/state && $b ${words} --state-dir .`);
  expect({ status, err }).toEqual({ status: 0, err: expect.stringMatching(MOVED) });
});

it('a directory below it that the snapshot does not have', async () => {
  const { err } = await bench.shell(
    `mkdir ${at}/state/new && cd ${at}/state/new && $b restore ${at}/s.tar.gz --replace --state-dir ..`,
  );
  expect(err).toMatch(/note: \S+\/state\/new: the directory that you are in has no name any more/);
});

it('elsewhere, or where a merge leaves the directory in its place, there is nothing to say', async () => {
  const beside = await bench.shell(`cd ${at} && $b restore s.tar.gz --replace --state-dir state`);
  const merged = await bench.shell(`cd ${at}/state && $b restore ../s.tar.gz --merge --state-dir .`);
  expect([beside, merged]).toMatchObject([
    { status: 0, err: '' },
    { status: 0, err: '' },
  ]);
});

it('a program that reads events gets it as a notice', async () => {
  const { out } = await bench.shell(
    `cd ${at}/state && $b restore ../s.tar.gz --replace --state-dir . --json --progress`,
  );
  const notices = out.split('\n').filter((line) => line.includes('"notice"'));
  expect(notices).toEqual([expect.stringContaining('you are still in the old directory')]);
});
