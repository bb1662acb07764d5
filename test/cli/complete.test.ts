import { mkdirSync, writeFileSync } from 'node:fs';
import { createSnapshot, listPrevious, restoreSnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { complete } from '../../src/cli/complete.ts';
import { Workbench } from './command-line.ts';

async function words(...line: string[]): Promise<string[]> {
  return (await complete(line)).words.map(([word]) => word);
}

describe('what could be typed', () => {
  it('is a command first', async () => {
    expect(await words('')).toEqual(Object.keys(COMMANDS));
    expect(await words('re')).toEqual(['restore', 'recover']);
    expect(await words('--v')).toEqual(['--version']);
  });

  it('is an option of the command, once it begins with a dash', async () => {
    expect(await words('restore', '--s')).toEqual([
      '--state-dir',
      '--source',
      '--section',
      '--same-owner',
      '--salvage',
    ]);
    expect(await words('list', 'x', '-')).toContain('-l');
    expect(await words('restore', 's', '--section', 'memory/f')).toEqual(['memory/facts']);
    expect(await words('create', '--force', '--f')).toEqual([]);
    expect(await words('create', '--exclude', 'x', '--ex')).toEqual(['--exclude']);
  });

  it('is a value where there are only some', async () => {
    expect(await words('restore', 's', '--external-links', '')).toEqual(['keep', 'skip']);
    expect(await words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('is left to the shell where it is the name of a file', async () => {
    const kind = async (...line: string[]) => (await complete(line)).kind;
    expect(await kind('restore', '')).toBe('snapshots');
    expect(await kind('verify', 'a.tar.gz', 'b.tar.gz', '')).toBe('snapshots');
    expect(await kind('diff', 'a.tar.gz', '')).toBe('snapshots');
    expect(await kind('create', '')).toBe('files');
    expect(await kind('create', '--state-dir', '')).toBe('directories');
    expect(await kind('create', '--state-dir=')).toBe('directories');
    expect(await kind('prune', '')).toBe('directories');
  });

  it('is nothing where nobody knows it', async () => {
    for (const line of [
      ['restore', 's3://bucket/'],
      ['create', '--level', ''],
      ['show', 'a.tar.gz', ''],
      ['create', '--', '--f'],
    ])
      expect((await complete(line)).words, line.join(' ')).toEqual([]);
  });

  it('is a value behind an equals sign too', async () => {
    expect(await words('list', 'x', '--sort=s')).toEqual(['--sort=size']);
  });

  it('comes with what it means', async () => {
    expect((await complete(['rec'])).words).toEqual([['recover', COMMANDS.recover?.describe]]);
  });
});

describe('what could be typed of a snapshot', () => {
  const bench = new Workbench();
  const snapshot = bench.path('oxios.tar.gz');
  beforeAll(async () => {
    for (const name of [
      'sessions/a.json',
      'sessions/a b.json',
      'sessions/[x].json',
      'sessions/ctrl\u001b.json',
      'notes.txt',
    ]) {
      mkdirSync(bench.path('state/sessions'), { recursive: true });
      writeFileSync(bench.path('state', name), name);
    }
    expect(await bench.run(['create', 'oxios.tar.gz', '--state-dir', 'state'])).toMatchObject({ status: 0 });
  });

  it('are its paths, up to the next slash', async () => {
    expect(await complete(['cat', snapshot, ''])).toEqual({
      kind: 'paths',
      words: [
        ['notes.txt', ''],
        ['sessions/', ''],
      ],
    });
    expect(await words('cat', snapshot, './n')).toEqual(['./notes.txt']);
    expect(await words('cat', snapshot, 'sessions/a')).toEqual(['sessions/a b.json', 'sessions/a.json']);
    expect(await words('restore', snapshot, '--merge', '--path=no')).toEqual(['--path=notes.txt']);
  });

  it('leaves out what cannot be typed, and of patterns what would mean something else', async () => {
    expect(await words('cat', snapshot, 'sessions/')).toEqual([
      'sessions/[x].json',
      'sessions/a b.json',
      'sessions/a.json',
    ]);
    expect(await words('list', snapshot, 'sessions/')).toEqual(['sessions/a b.json', 'sessions/a.json']);
  });

  it('are its sections', async () => {
    expect(await words('list', snapshot, '--section', '')).toEqual(['sessions']);
  });

  it('is nothing where there is no snapshot, or one that cannot be read quickly', async () => {
    const text = bench.path('state/notes.txt');
    for (const wrong of [text, bench.path('nowhere'), bench.root, '-', 's3://bucket/a.tar.gz'])
      expect(await words('cat', wrong, ''), wrong).toEqual([]);
  });
});

it('previous states are offered for undo, of the state directory that the line or the environment names', async () => {
  const bench = new Workbench();
  mkdirSync(bench.path('home/state'), { recursive: true });
  const stateDir = bench.path('home/state');
  writeFileSync(`${stateDir}/note`, 'of the snapshot');
  await createSnapshot({ stateDir, output: bench.path('s.tar.gz') });
  for (let i = 0; i < 2; i++) await restoreSnapshot({ stateDir, snapshot: bench.path('s.tar.gz'), mode: 'replace' });
  const names = (await listPrevious({ stateDir })).map(({ name }) => name);
  expect(await words('undo', '--state-dir', stateDir, '--to', '')).toEqual(names);
  expect(await words('undo', `--state-dir=${stateDir}`, '--to=')).toEqual(names.map((name) => `--to=${name}`));
  expect(await words('undo', '--state-dir', stateDir, '--discard', '')).toEqual(names);
  const { words: found } = await complete(['undo', '--to', ''], { OXIOS_STATE_DIR: stateDir });
  expect(found.map(([name]) => name)).toEqual(names);
  expect(found[0]?.[1]).toMatch(/^replaced on .* by restore, whole tree$/);
  expect(await words('undo', '--state-dir', bench.path('nowhere'), '--to', '')).toEqual([]);
});

it('the help of completion says in a line for each shell how to have it, and the scripts say the same', async () => {
  const bench = new Workbench();
  const { out } = await bench.run(['completion', '--help']);
  const lines = out.split('\n').filter((line) => /^ (?:bash|zsh|fish) +echo/.test(line));
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line.length).toBeLessThanOrEqual(80);
    const [, shell = '', how = '', file = ''] = /^ (\w+) +echo '(.*)' >> (\S+)$/.exec(line) ?? [];
    expect((await bench.run(['completion', shell])).out).toContain(`In ${file}: ${how}\n`);
  }
});
