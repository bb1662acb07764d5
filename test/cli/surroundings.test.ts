/** The command where the process was started in an odd way: each ends in success, or in a line that says why and one that says what to do. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { verifySnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { MAIN, type Run, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const state = bench.path('state');
const snapshot = bench.path('s.tar.gz');

beforeAll(async () => {
  writeSmallState(state);
  await bench.run(['create', snapshot, '--state-dir', state]);
});

function expectTwoLines({ status, err }: Run): void {
  expect(status).toBe(1);
  expect(err).toMatch(/^oxios-backup: \S.*\n {2}\S.*\n?$/);
  expect(err).not.toMatch(/\n\s+at |node:internal/);
}

describe('a working directory that was deleted', () => {
  const inDeleted = (line: string) => bench.shell(`mkdir gone && cd gone && rmdir ../gone && ${line}`);

  test('is nothing to whoever names all paths', async () => {
    const made = bench.path('from-nowhere.tar.gz');
    const back = bench.path('back-from-nowhere');
    const { status, err } = await inDeleted(
      `$b create ${made} --state-dir ${state} --quiet && $b verify ${made} --quiet && $b list ${made} >/dev/null &&
       $b restore ${made} --state-dir ${back} --quiet && $b restore ${made} --state-dir ${back} --replace --quiet &&
       $b undo --state-dir ${back} >/dev/null && $b --help >/dev/null`,
    );
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(existsSync(bench.path('back-from-nowhere/notes.txt'))).toBe(true);
  });

  test.each([
    `create --state-dir ${state}`,
    `create x.tar.gz --state-dir ${state}`,
    `restore ${snapshot} --state-dir r`,
  ])('is said where a path depends on it: %s', async (words) => {
    const run = await inDeleted(`$b ${words}`);
    expectTwoLines(run);
    expect(run.err).toContain('working directory was deleted');
  });

  test('a snapshot that is named from there is not found', async () => {
    const run = await inDeleted('$b verify s.tar.gz');
    expectTwoLines(run);
    expect(run.err).toContain('no snapshot at s.tar.gz');
  });
});

describe('standard streams that are closed', () => {
  test('a snapshot that goes nowhere is a failure', async () => {
    const run = await bench.shell(`$b create - --state-dir ${state} >&-`);
    expectTwoLines(run);
    expect(run.err).toContain('closed');
    // Thrown away on purpose is something else.
    expect((await bench.shell(`$b create - --state-dir ${state} --quiet >/dev/null`)).status).toBe(0);
  });

  test.each(['list s.tar.gz', 'cat s.tar.gz notes.txt', 'verify s.tar.gz', '--help', 'list s.tar.gz --json'])(
    'a null device that is open for reading too, as other programs open it, is no failure: %s',
    async (words) => {
      expect((await bench.shell(`$b ${words} 1<>/dev/null 2>&1`)).status).toBe(0);
      expect((await bench.shell(`$b ${words} >/dev/null`)).status).toBe(0);
    },
  );

  test('what was done is done', async () => {
    const made = bench.path('unheard.tar.gz');
    const { status } = await bench.shell(`$b create ${made} --state-dir ${state} --json <&- >&- 2>&-`);
    expect(status).toBe(0);
    expect((await verifySnapshot({ snapshot: made })).valid).toBe(true);
  });

  test('a snapshot from nowhere is none', async () => {
    const run = await bench.shell('$b verify - --quiet <&-');
    expect(run.status).toBe(4);
    expect(run.err).toContain('empty');
  });
});

describe('few open files', () => {
  const withLimit = (limit: number, words: string) => bench.shell(`ulimit -n ${limit}; $b ${words}`);

  test.for([20, 24, 28, 32, 40, 64])('%i of them: it works, or says so', async (limit, { skip }) => {
    writeFileSync(bench.path('empty.js'), '');
    const bare = await bench.shell(`ulimit -n ${limit}; ${process.execPath} empty.js`);
    if (bare.status !== 0) skip(`Node.js ${process.version} itself does not start with ${limit}`);
    const made = bench.path(`limit-${limit}.tar.gz`);
    const run = await withLimit(limit, `create ${made} --state-dir ${state} --quiet`);
    if (run.status === 0) {
      expect((await verifySnapshot({ snapshot: made })).valid).toBe(true);
    } else {
      expectTwoLines(run);
      expect(run.err).toContain('ulimit -n');
      expect(existsSync(made)).toBe(false);
    }
    const verified = await withLimit(limit, 'verify s.tar.gz --quiet');
    if (verified.status !== 0) expectTwoLines(verified);
  });
});

/** Node's permission model, under the name that it has in this version. */
const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
const canPermit = spawnSync(process.execPath, [flag, '--allow-fs-read=*', '-e', '']).status === 0;

describe.skipIf(!canPermit)(`Node with ${flag}`, () => {
  const permitted = (flags: string[], ...words: string[]): Run => {
    const all = [flag, '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning', ...flags];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...all, MAIN, ...words], {
      cwd: bench.root,
      encoding: 'utf8',
    });
    const err = stderr
      .split('\n')
      .filter((line) => !/^\(node:|Use `node --trace-warnings/.test(line))
      .join('\n');
    return { status: status ?? undefined, out: stdout, err };
  };
  const reading = '--allow-fs-read=*';

  test.each([
    ['to write nothing', [reading], ['create', 'no.tar.gz', '--state-dir', state]],
    ['to start no thread', [reading, '--allow-fs-write=*'], ['create', 'no.tar.gz', '--state-dir', state]],
    ['to start no thread', [reading], ['verify', snapshot]],
    ['to write nothing', [reading, '--allow-worker'], ['restore', snapshot, '--state-dir', 'no']],
  ])('that is allowed %s says so', (_what, flags, words) => {
    const run = permitted(flags, ...words);
    expectTwoLines(run);
    expect(run.err).toContain('--allow-');
    expect(existsSync(bench.path('no.tar.gz'))).toBe(false);
    expect(existsSync(bench.path('no'))).toBe(false);
  });

  test('that may read, and start threads, verifies', () => {
    const run = permitted([reading, '--allow-worker'], 'verify', snapshot, '--quiet');
    expect(run).toMatchObject({ status: 0, err: '' });
  });
});

describe('an environment without', () => {
  test('HOME: the system knows where that is', async () => {
    const { status, err } = await bench.shell('env -u HOME $b create x.tar.gz');
    // There is none here, or it has no Oxios: either is said of an absolute path.
    if (status !== 0) expect(err).toMatch(/\/\.oxios\/workspace/);
  });

  test('a temporary directory: said by the commands that need one', async () => {
    const run = await bench.shell(`TMPDIR=/nonexistent $b create - --state-dir ${state} >/dev/null`);
    expectTwoLines(run);
    expect(run.err).toContain('/nonexistent');
    const spooled = await bench.shell(`TMPDIR=/nonexistent $b verify - <${snapshot}`);
    expectTwoLines(spooled);
    expect(spooled.err).toContain('/nonexistent');
  });

  test('a locale that exists: names stay what they are', async () => {
    mkdirSync(bench.path('names'));
    writeFileSync(bench.path('names/Łódź.json'), '{}');
    const { status } = await bench.shell('LC_ALL=xx_YY LANG=C $b create names.tar.gz --state-dir names --quiet');
    expect(status).toBe(0);
    const { out } = await bench.shell('LC_ALL=C $b list names.tar.gz');
    expect(out).toContain('Łódź.json');
    expect(statSync(bench.path('names.tar.gz')).size).toBe(readFileSync(bench.path('names.tar.gz')).length);
  });
});
