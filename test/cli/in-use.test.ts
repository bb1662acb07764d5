/** Who else uses the state directory, each in a window of its own, as a person has them open. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const socket = bench.path('tmux');
const lacking = ['tmux', 'less', 'vim'].filter((tool) => spawnSync('which', [tool]).status !== 0);

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  mkdirSync(bench.path('home'));
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
  tmux('new-session', '-d', '-x', '80', '-y', '24', 'sleep 600');
});
afterAll(() => tmux('kill-server'));

function tmux(...args: string[]): string {
  const { stdout } = spawnSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
    cwd: bench.root,
    encoding: 'utf8',
    env: { ...process.env, HOME: bench.path('home'), SHELL: '/bin/sh' },
  });
  return stdout.trim();
}

/** A window in the state directory, in which that runs; there when `shown` is on its screen. @returns its process */
async function open(command: string, shown: RegExp): Promise<string> {
  const answer = tmux('new-window', '-P', '-F', '#{window_id} #{pane_pid}', '-c', bench.path('state'), command);
  const [window = '', pid = ''] = answer.split(' ');
  while (!shown.test(tmux('capture-pane', '-p', '-t', window))) await new Promise((resolve) => setTimeout(resolve, 50));
  return pid;
}

it.skipIf(lacking.length > 0)('a pager, an editor and a shell are named, and need not be stopped', async () => {
  const less = await open('exec less notes.txt', /hello/);
  const vim = await open('exec vim -u NONE sessions/a.json', /"id":"a"/);
  const shell = await open('PS1=ready exec sh', /ready/);
  const { status, err } = await bench.run(['restore', 's.tar.gz', '--replace', '--state-dir', 'state']);
  expect(status).toBe(0);
  expect(err.split('\n').sort()).toEqual(
    [
      `process ${less} (less notes.txt) shows or reads ${bench.path('state/notes.txt')}, as it was until it opens it again`,
      `process ${vim} (vim -u NONE sessions/a.json) edits ${bench.path('state/sessions/a.json')}: read it again there before you save it`,
      `process ${shell} (sh) works in it, and stays in the old directory until it changes to the new one`,
    ]
      .map((line) => `note: ${bench.path('state')}: ${line}`)
      .sort(),
  );
});

it.skipIf(lacking.length > 0)('what writes is what must be stopped, and nothing else is said of the rest', async () => {
  await open('exec less notes.txt', /hello/);
  const writer = await open('echo begun; exec cat >> log.jsonl', /begun/);
  const { status, err } = await bench.run(['restore', 's.tar.gz', '--replace', '--state-dir', 'state']);
  expect(status).toBe(1);
  expect(err).toMatch(
    new RegExp(
      `^oxios-backup: process ${writer} \\(cat\\) is using the state directory: .*/log.jsonl\n  End that process.`,
    ),
  );
  expect(err).not.toContain('less');
  expect(readFileSync(bench.path('state/notes.txt'), 'utf8')).toBe('hello\n');
});
