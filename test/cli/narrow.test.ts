import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCommandLine } from '../../src/cli/run.ts';
import { displayWidth } from '../../src/cli/text/display-width.ts';
import { Workbench } from './command-line.ts';
import { inTerminal } from './pseudo-terminal.ts';
import { screen } from './screen.ts';
import { Sheet } from './sheet.ts';

const LONG = 'sessions/2026-11-22-a-conversation-of-which-the-name-says-it-all-and-then-some-more.json';
const WIDE = 'memory/facts/日程と予定について覚えておくべきこと、それからその他の大切なことのまとめ🌱.md';

const EXCLUDES = ['*.tmp', 'cache/', 'logs/**/*.log', '*.bak'].map((glob) => `--exclude=${glob}`);

const bench = new Workbench();

beforeAll(async () => {
  for (const folder of ['state/sessions', 'state/memory/facts', 'backups', 'target', 'empty'])
    mkdirSync(bench.path(folder), { recursive: true });
  for (const name of [LONG, WIDE, 'target.txt']) {
    writeFileSync(bench.path('state', name), name);
    utimesSync(bench.path('state', name), 1_790_000_000, 1_790_000_000);
  }
  writeFileSync(bench.path('target/old.txt'), 'old');
  for (const args of [
    ['create', '--to', 'backups', '--state-dir', 'state', '--host', 'h'],
    ['create', 'oxios.tar.gz', '--state-dir', 'state', '--host', 'h', ...EXCLUDES],
    ['verify', 'backups'],
    ['restore', 'oxios.tar.gz', '--replace', '--state-dir', 'target'],
  ])
    expect(await bench.run(args)).toMatchObject({ status: 0 });
  renameSync(bench.path('oxios.tar.gz'), bench.path('backups/日程と予定-oxios-backup-of-the-old-laptop.tar.gz'));
});

const TABLES: [string, string[]][] = [
  ['snapshots', ['snapshots', 'backups']],
  ['show', ['show', 'backups/日程と予定-oxios-backup-of-the-old-laptop.tar.gz']],
  ['list -l', ['list', 'backups/日程と予定-oxios-backup-of-the-old-laptop.tar.gz', '-l']],
  ['undo --list', ['undo', '--list', '--state-dir', 'target']],
  ['prune', ['prune', 'backups', '--keep-last', '1', '--dry-run']],
  ['create --dry-run', ['create', '--dry-run', '--state-dir', 'state', '--exclude', WIDE, '--exclude', 'target.txt']],
  ['diff --stat', ['diff', 'backups/日程と予定-oxios-backup-of-the-old-laptop.tar.gz', 'empty', '--stat']],
];

describe.each(TABLES)('%s', (name, args) => {
  it.each([40, 60, 80, 120])('keeps its shape in a window of %i columns', async (columns) => {
    const shown = (name === 'prune' ? await inRealWindow(args, columns) : await inWindow(args, columns)).split('\n');
    for (const line of shown.filter(isTableRow)) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    expect(shown.filter(isTableRow).length).toBeGreaterThan(0);
  });

  it('is whole in a pipe', async () => {
    const out = name === 'prune' ? (await bench.run(args)).out : await inWindow(args, null);
    expect(out).not.toContain('…');
  });
});

/** What verifies starts threads, which are of the built command. */
async function inRealWindow(args: readonly string[], columns: number): Promise<string> {
  return screen((await inTerminal(bench, args, { columns })).written);
}

/** Runs the command in this process, as in a window, or a pipe. Paths are taken from the folder of the test. */
async function inWindow(args: readonly string[], columns: number | null): Promise<string> {
  const stdout = Object.assign(new Sheet(), columns === null ? {} : { isTTY: true, columns });
  const absolute = args.map((word) => (PATHS.test(word) ? bench.path(word) : word));
  const terminal = { stdin: Readable.from([]), stdout, stderr: new Sheet(), env: { OXIOS_VERSION: '0.3.0' } };
  await runCommandLine(absolute, terminal, new AbortController().signal);
  return stdout.text;
}

const PATHS = /^(?:backups|state|target|empty)(?:\/|$)/;

/** Sentences are left to the terminal to break. */
function isTableRow(line: string): boolean {
  return / {2}\S/.test(line.trimStart()) || line.includes('…');
}

it('a listing leaves out columns before it shortens names', async () => {
  const line = async (columns: number) => {
    const args = ['list', 'backups/日程と予定-oxios-backup-of-the-old-laptop.tar.gz', 'target.txt', '-l'];
    return screen((await inTerminal(bench, args, { columns, env: { TZ: 'UTC' } })).written).trimEnd();
  };
  expect(await line(120)).toMatch(/^-rw-r--r-- {2}\d+\/\d+ +10 B {2}2026-09-21 14:13:20\+00:00 {2}target.txt$/);
  expect(await line(80)).toMatch(/^-rw-r--r-- +10 B {2}2026-09-21 14:13:20\+00:00 {2}target.txt$/);
  expect(await line(60)).toMatch(/^ +10 B {2}2026-09-21 14:13:20\+00:00 {2}target.txt$/);
  expect(await line(40)).toMatch(/^ +10 B {2}target.txt$/);
});

it.each([40, 60, 80, 120])('help has room in a window of %i columns', async (columns) => {
  for (const args of [['--help'], ...Object.keys(COMMANDS).map((name) => [name, '--help'])]) {
    const lines = (await inWindow(args, columns)).split('\n');
    // Command lines are not broken.
    for (const line of lines.filter((each) => !/^(?: {2}|Usage: )oxios-backup | echo /.test(each)))
      expect(line.length, line).toBeLessThanOrEqual(Math.min(columns, 80));
  }
});
