/** The command killed by SIGKILL at the calls by which it changes things; then what `recover` says of it is held to what is there. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasStrace } from '../state-dir/traced.ts';
import { lastJson, MAIN, Workbench } from './command-line.ts';

const bench = new Workbench();
const CALLS = ['rename', 'mkdir', 'rmdir', 'unlink'];
const isThorough = process.env.OXIOS_TORTURE !== undefined;

beforeAll(async () => {
  mkdirSync(bench.path('origin/state/sessions'), { recursive: true });
  writeFileSync(bench.path('origin/state/notes.txt'), 'of the snapshot');
  writeFileSync(bench.path('origin/state/sessions/a.json'), '{"of":"the snapshot"}');
  await bench.run(['create', 's.tar.gz', '--state-dir', 'origin/state']);
  writeFileSync(bench.path('origin/state/notes.txt'), 'later');
  writeFileSync(bench.path('origin/state/sessions/a.json'), '{"of":"later"}');
  writeFileSync(bench.path('origin/state/mine.txt'), 'mine');
  mkdirSync(bench.path('none'));
  cpSync(bench.path('origin'), bench.path('replaced'), { recursive: true });
  await bench.run(['restore', 's.tar.gz', '--replace', '--state-dir', 'replaced/state']);
});

/** All that a directory holds, or null. */
function picture(directory: string): Record<string, string> | null {
  if (!existsSync(directory)) return null;
  const files = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name).slice(directory.length),
      readFileSync(join(parentPath, name), 'utf8'),
    ]),
  );
}

function command(home: string, words: readonly string[]): string[] {
  return [process.execPath, MAIN, ...words, '--state-dir', join(home, 'state')];
}

function homeLike(origin: string): string {
  const home = bench.fresh(origin);
  cpSync(bench.path(origin), home, { recursive: true });
  return home;
}

interface Point {
  call: string;
  n: number;
  /** The call, with what differs from run to run taken out of it. */
  text: string;
}

/** The calls of a whole run that change something, in order, and what it makes of the state directory. */
async function rehearse(origin: string, words: readonly string[]) {
  const home = homeLike(origin);
  const log = bench.fresh('log');
  const strace = ['-qq', '-o', log, '-e', `trace=${CALLS.join(',')}`, '-e', 'signal=none'];
  const before = picture(join(home, 'state'));
  await execa('strace', [...strace, ...command(home, words)], { cwd: bench.root });
  const counts = new Map<string, number>();
  const points = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line): Point[] => {
      const call = /^(\w+)\(/.exec(line)?.[1];
      if (call === undefined) return [];
      const n = (counts.get(call) ?? 0) + 1;
      counts.set(call, n);
      if (!line.includes(home)) return [];
      const text = line.replaceAll(home, '').replace(/-[0-9a-f]{8,}/g, '-ID');
      return [{ call, n, text: text.replace(/ += .*/, '') }];
    });
  return { points, before, after: picture(join(home, 'state')) };
}

async function killAt({ call, n }: Point, origin: string, words: readonly string[]): Promise<string> {
  const home = homeLike(origin);
  const inject = ['-e', `trace=${call}`, '-e', 'signal=none', '-e', `inject=${call}:signal=KILL:when=${n}`];
  const { signal } = await execa('strace', ['-qq', '-o', '/dev/null', ...inject, ...command(home, words)], {
    cwd: bench.root,
    reject: false,
  });
  expect(signal).toBe('SIGKILL');
  return home;
}

/** What recover may say, and of which state each of it is true. */
const SENTENCES = [
  [/^\S+ is as it was: a restore was interrupted before it changed anything; run it again$/, ['before']],
  [/^\S+ does not exist, as before: a restore was interrupted before it changed anything; run it again$/, ['before']],
  [/^\S+ is as it was before the (?:restore|undo), which was rolled back$/, ['before']],
  [/^\S+ is restored: the (?:restore|undo) that was interrupted is now complete$/, ['after']],
  [/^\S+ (?:is whole|does not exist): there is nothing to recover$/, ['before', 'after']],
  [/^\S+ (?:is whole|does not exist), and an interrupted run has been cleaned up after$/, ['before', 'after']],
] as const;

describe.skipIf(!hasStrace).each([
  {
    name: 'a replacement',
    origin: 'origin',
    words: ['restore', 's.tar.gz', '--replace'],
    some: [
      /^rename.*lock-ID/,
      /^mkdir.*staging/,
      /^unlink.*probe/,
      /^rename.*journal\.tmp/,
      /^rename\("\/state", /,
      /^rename.*, "\/state"/,
      /^rename.*history\.tmp/,
      /^unlink.*journal/,
      /^unlink.*lock-ID/,
    ],
  },
  {
    name: 'a merge',
    origin: 'origin',
    words: ['restore', 's.tar.gz', '--merge'],
    some: [/^unlink.*probe/, /^rename\("\/state\//, /^rename.*, "\/state\//, /^rmdir/, /^unlink.*lock-ID/],
  },
  {
    name: 'a first restore',
    origin: 'none',
    words: ['restore', 's.tar.gz'],
    some: [/^unlink.*probe/, /^rename.*, "\/state"/],
  },
  { name: 'an undo', origin: 'replaced', words: ['undo'], some: [/^rename.*, "\/state"/] },
])('$name that is killed', ({ origin, words, some }) => {
  test('recover says one true thing', async () => {
    const { points, before, after } = await rehearse(origin, words);
    expect(before).not.toEqual(after);
    const firsts = some.map((pattern) => points.find(({ text }) => pattern.test(text)));
    const chosen = isThorough ? points : firsts.filter((point) => point !== undefined);
    expect(firsts).not.toContain(undefined);
    const heard = new Set<string>();
    for (const point of chosen) {
      const home = await killAt(point, origin, words);
      const { status, out, err } = await bench.run(['recover', '--state-dir', join(home, 'state')]);
      expect({ point, status, err }).toEqual({ point, status: 0, err: '' });
      const [first = '', ...more] = out.split('\n');
      const said = SENTENCES.filter(([sentence]) => sentence.test(first));
      expect({ point, out, said: said.length }).toMatchObject({ said: 1 });
      const now = picture(join(home, 'state'));
      const states = { before, after };
      expect(said[0]?.[1].map((state) => states[state])).toContainEqual(now);
      expect(first.includes('does not exist')).toBe(now === null);
      for (const line of more) expect(line).toMatch(/^ {2}(?:removed what it had left: |what it replaced is kept at )/);
      for (const [, path = ''] of out.matchAll(/removed what it had left: (\S+)/g))
        expect(existsSync(path)).toBe(false);
      for (const [, path = ''] of out.matchAll(/kept at ([^;\s]+)/g)) expect(existsSync(path)).toBe(true);
      heard.add(first.replaceAll(home, ''));
      // Said a second time there is nothing more to say.
      const { out: again } = await bench.run(['recover', '--state-dir', join(home, 'state'), '--json']);
      expect(lastJson(again)).toMatchObject({ outcome: 'clean', cleared: [], operation: null });
    }
    if (chosen.length > 1) expect(heard.size).toBeGreaterThan(1);
  });
});
