import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  writeFileSync(bench.path('file'), 'no directory');
  mkdirSync(bench.path('full'));
  writeFileSync(bench.path('full/mine.txt'), 'mine');
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
});

describe('a snapshot that is missing is said before anything about the target', () => {
  it.each([
    ['restore into a directory that is not empty', ['restore', 'no.tar.gz', '--state-dir', 'full']],
    ['restore to a file', ['restore', 'no.tar.gz', '--state-dir', 'file']],
    ['restore by replacing', ['restore', 'no.tar.gz', '--state-dir', 'file', '--replace']],
    ['a dry run', ['restore', 'no.tar.gz', '--state-dir', 'file', '--dry-run']],
    ['salvage into a folder that is not empty', ['restore', 'no.tar.gz', '--salvage', 'full']],
    ['verify against a missing directory', ['verify', 'no.tar.gz', '--against', 'nowhere']],
    ['diff with a missing state directory', ['diff', 'no.tar.gz', '--state-dir', 'nowhere']],
    ['diff with a missing other one', ['diff', 'no.tar.gz', 'neither.tar.gz']],
  ])('%s', async (_name, args) => {
    const before = readdirSync(bench.root).sort();
    const { status, err } = await bench.run([...args, '--json']);
    expect({ status, err }).toEqual({
      status: 1,
      err: 'oxios-backup: there is no snapshot at no.tar.gz\n  Check the path; "-" reads the standard input.',
    });
    expect(readdirSync(bench.root).sort()).toEqual(before);
  });
});

describe('into a directory that is not empty', () => {
  it.each([
    ['--path', ['--path', 'notes.txt']],
    ['--section', ['--section', 'sessions']],
    ['both in a dry run', ['--section', 'sessions', '--path', 'notes.txt', '--dry-run']],
  ])('a part is offered --merge, and never --replace: %s', async (_name, args) => {
    const { status, err } = await bench.run(['restore', 's.tar.gz', '--state-dir', 'full', ...args]);
    expect(status).toBe(1);
    expect(err).toContain('--merge');
    expect(err).not.toContain('--replace');
    expect(readdirSync(bench.path('full'))).toEqual(['mine.txt']);
  });

  it('all of a snapshot is offered both', async () => {
    const { status, err } = await bench.run(['restore', 's.tar.gz', '--state-dir', 'full']);
    expect(status).toBe(1);
    expect(err).toMatch(/--replace.*--merge/);
  });
});

it('a snapshot that comes through a named pipe is read once, by one reader', async () => {
  const { status, out } = await bench.shell(
    'mkfifo pipe; cat s.tar.gz > pipe & $b restore pipe --state-dir piped --json; r=$?; wait $! || exit 9; exit $r',
  );
  expect(status).toBe(0);
  expect(lastJson(out)).toMatchObject({ complete: true });
  expect(readFileSync(bench.path('piped/notes.txt'), 'utf8')).toBe('hello\n');
});

it.skipIf(!existsSync('/proc/self'))('where nothing can be put, no holder of a lock is made up', async () => {
  const { status, err } = await bench.run(['restore', 's.tar.gz', '--state-dir', '/proc/nowhere']);
  expect({ status, err }).toEqual({
    status: 1,
    err: expect.stringContaining('could not lock the state directory: ENOENT'),
  });
  expect(err).not.toContain('in use');
});

it('a directory that diff is to compare with, and is missing, is called one', async () => {
  const { status, err } = await bench.run(['diff', 's.tar.gz', '--state-dir', 'nowhere']);
  expect({ status, err }).toEqual({
    status: 1,
    err: expect.stringMatching(/there is neither a snapshot nor a directory at \S+\/nowhere\n.*--state-dir/),
  });
});
