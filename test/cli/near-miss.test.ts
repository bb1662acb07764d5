import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { nearMiss } from '../../src/cli/near-miss.ts';
import { Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
});

it.each([
  ['lst', 'list'],
  ['crate', 'create'],
  ['lsit', 'list'],
  ['rm', null],
  ['frobnicate', null],
])('%s is near %s', (typed, word) => {
  expect(nearMiss(typed, ['create', 'list', 'cat', 'restore'])).toBe(word);
});

it.each([
  [['list', 's.tar.gz', 'sesions'], 'Did you mean "sessions"?'],
  [['list', 's.tar.gz', '--section', 'sesions'], 'Did you mean "sessions"?'],
  [['cat', 's.tar.gz', 'note.txt'], 'Did you mean "notes.txt"?'],
  [['restore', 's.tar.gz', '--state-dir', 'state', '--merge', '--path', 'notess.txt'], 'Did you mean "notes.txt"?'],
  [['list', 's.tar.gz', '--section', 'SESSIONS'], 'Did you mean "sessions"?'],
  [['diff', 's.tar.gz', 'state', '--path', 'NOTES.TXT'], 'Did you mean "notes.txt"?'],
])('what is not in a snapshot, but nearly: %j', async (words, hint) => {
  const { status, out, err } = await bench.run(words);
  expect({ status, out }).toEqual({ status: 1, out: '' });
  expect(err).toContain(hint);
});

it('a name of other Unicode forms is one that looks the same', async () => {
  mkdirSync(bench.path('forms'));
  writeFileSync(bench.path('forms', 'cafe\u0301.txt'), 'NFD');
  await bench.run(['create', 'forms.tar.gz', '--state-dir', 'forms']);
  const { status, err } = await bench.run(['cat', 'forms.tar.gz', 'caf\u00e9.txt']);
  expect(status).toBe(1);
  expect(err).toContain('Did you mean "cafe\u0301.txt"? Its letters are composed in another way');
});

it('another number is no near miss', async () => {
  mkdirSync(bench.path('numbered/sessions'), { recursive: true });
  for (const name of ['1.json', '12.json']) writeFileSync(bench.path('numbered/sessions', name), name);
  await bench.run(['create', 'numbered.tar.gz', '--state-dir', 'numbered']);
  expect((await bench.run(['cat', 'numbered.tar.gz', 'sessions/3.json'])).err).not.toContain('Did you mean');
  expect((await bench.run(['cat', 'numbered.tar.gz', 'session/12.json'])).err).toContain(
    'Did you mean "sessions/12.json"',
  );
});

it('paths may be given as ./x, and as they are called below the state directory', async () => {
  const env = { OXIOS_STATE_DIR: bench.path('state') };
  const plain = await bench.run(['cat', 's.tar.gz', 'notes.txt'], { env });
  for (const path of ['./notes.txt', bench.path('state/notes.txt')]) {
    expect(await bench.run(['cat', 's.tar.gz', path], { env })).toEqual(plain);
    expect((await bench.run(['list', 's.tar.gz', path], { env })).out).toBe('notes.txt');
    const merged = await bench.run(['restore', 's.tar.gz', '--merge', '--path', path, '--dry-run'], { env });
    expect(merged).toMatchObject({ status: 0, out: expect.stringContaining('1 file') });
  }
});

it('names the file or folder that was probably meant', async () => {
  await bench.shell('mkdir backups; $b create backups/monday.tar.gz --state-dir state');
  const cases = [
    [['restore', 'backups/munday.tar.gz', '--state-dir', 'none'], 'backups/monday.tar.gz'],
    [['show', 'backups/monday.tar.g'], 'backups/monday.tar.gz'],
    [['snapshots', 'backup'], 'backups'],
    [['restore', './backup', '--latest', '--state-dir', 'none'], './backups'],
  ] as const;
  for (const [args, meant] of cases) {
    const { status, err } = await bench.run(args);
    expect({ status, err }).toEqual({ status: 1, err: expect.stringContaining(`Did you mean "${meant}"?`) });
  }
  const { err } = await bench.run(['show', 'backups/quite-another.tar.gz']);
  expect(err).toContain('Check the path');
});
