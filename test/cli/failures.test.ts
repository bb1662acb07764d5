import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AS_NOBODY, canBeNobody } from '../nobody.ts';
import { lastJson, MAIN, type Run, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
const isRoot = process.getuid?.() === 0;
/** Unprivileged, for whom permissions count. */
const asNobody = [...AS_NOBODY, process.execPath, MAIN] as const;

beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
});

/** What every failure looks like: a line that says what, and one that says what to do. */
function expectTwoLines({ err }: Run): void {
  expect(err).toMatch(/^oxios-backup: \S.*\n {2}\S.*$/);
  expect(err).not.toMatch(/\n\s+at |node:internal/);
}

describe('what is not there or not right', () => {
  const cases: [string, number, string[]][] = [
    ['a state directory that is missing', 1, ['create', 'x.tar.gz', '--state-dir', 'nowhere']],
    ['a state directory that is a file', 1, ['create', 'x.tar.gz', '--state-dir', 's.tar.gz']],
    ['an output in a folder that is missing', 1, ['create', 'no/x.tar.gz', '--state-dir', 'state']],
    ['an output that is a directory', 1, ['create', 'state', '--state-dir', 'state']],
    ['an output that exists', 1, ['create', 's.tar.gz', '--state-dir', 'state']],
    ['a snapshot that is missing', 1, ['show', 'no.tar.gz']],
    ['a snapshot that is missing, to verify', 1, ['verify', 'no.tar.gz']],
    ['a snapshot that is a directory', 1, ['restore', 'state', '--state-dir', 'new']],
    ['a snapshot that is none', 4, ['restore', 'state/notes.txt', '--state-dir', 'new']],
    ['an entry that is missing', 1, ['cat', 's.tar.gz', 'nowhere']],
    ['a section that is missing', 1, ['restore', 's.tar.gz', '--section', 'nowhere', '--state-dir', 'new']],
    ['a target that has content', 1, ['restore', 's.tar.gz', '--state-dir', 'state']],
    ['a target that is a file', 1, ['restore', 's.tar.gz', '--state-dir', 's.tar.gz']],
    ['a folder of snapshots that is missing', 1, ['snapshots', 'nowhere']],
    ['a retention that keeps nothing', 2, ['prune', 'state']],
    ['a part that replaces the whole', 2, ['restore', 's.tar.gz', '--replace', '--path', 'x', '--state-dir', 'new']],
    ['an option that is not there', 2, ['restore', 's.tar.gz', '--bogus']],
  ];
  it.each(cases)('%s: exit status %i', async (_name, status, args) => {
    const run = await bench.run(args);
    expect(run).toMatchObject({ status, out: '' });
    expectTwoLines(run);
    expect(existsSync(bench.path('new'))).toBe(false);
    expect(existsSync(bench.path('x.tar.gz'))).toBe(false);
  });

  it('is a line of JSON too, where that is asked for', async () => {
    const { out, err } = await bench.run(['restore', 'no.tar.gz', '--json', '--state-dir', 'new']);
    expect(JSON.parse(out)).toMatchObject({
      v: 1,
      type: 'error',
      command: 'restore',
      status: 1,
      code: 'SNAPSHOT_MISSING',
      path: 'no.tar.gz',
    });
    expect(err).toContain('no.tar.gz');
    expect(lastJson((await bench.run(['create', '--bogus', '--json'])).out)).toMatchObject({
      type: 'error',
      code: 'USAGE',
      status: 2,
    });
  });

  it('is named without what a terminal would act upon', async () => {
    const run = await bench.run(['show', 'no\u001b[31m.tar.gz']);
    expect(run.err).toContain('no\\u001b[31m.tar.gz');
    expectTwoLines(run);
  });
});

describe('permissions', () => {
  it.skipIf(!canBeNobody)('unreadable files are incomplete, by name: exit status 3', async () => {
    writeSmallState(bench.path('partly'));
    chmodSync(bench.path('partly/notes.txt'), 0o600);
    mkdirSync(bench.path('out'));
    chmodSync(bench.path('out'), 0o777);
    chmodSync(bench.root, 0o755);
    const create = await as('create', bench.path('out/partly.tar.gz'), '--state-dir', bench.path('partly'), '--quiet');
    expect(create.status).toBe(3);
    expect(create.err).toMatch(/NOT COMPLETE.*\n {2}unreadable +notes\.txt: /);

    expect((await bench.run(['show', 'out/partly.tar.gz'])).out).toMatch(/NOT COMPLETE.*\n {2}unreadable +notes\.txt/);
    expect((await bench.run(['verify', 'out/partly.tar.gz'])).status).toBe(0);
    const restore = await bench.run(['restore', 'out/partly.tar.gz', '--state-dir', 'partly-back']);
    expect(restore.status).toBe(3);
    expect(restore.err).toMatch(/unreadable +notes\.txt/);
  });

  it.skipIf(!canBeNobody)('a target that may not be written is left as it is', async () => {
    mkdirSync(bench.path('sealed-off'));
    const run = await as('restore', bench.path('s.tar.gz'), '--state-dir', bench.path('sealed-off/state'));
    expect(run.status).toBe(1);
    expectTwoLines(run);
    expect(readdirSync(bench.path('sealed-off'))).toEqual([]);
  });

  async function as(...args: string[]): Promise<Run> {
    const [command, ...before] = asNobody;
    const { exitCode, stdout, stderr } = await execa(command, [...before, ...args], {
      cwd: '/',
      reject: false,
      env: { OXIOS_VERSION: '0.3.0' },
    });
    return { status: exitCode, out: stdout, err: stderr };
  }
});

describe('a full disk', () => {
  const disk = bench.path('disk');
  let mounted = false;
  beforeAll(() => {
    mkdirSync(disk);
    mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]).status === 0;
    mkdirSync(bench.path('big'));
    writeFileSync(bench.path('big/noise.bin'), randomBytes(600_000));
  });
  afterAll(() => {
    if (mounted) spawnSync('umount', [disk]);
  });

  it('ends a create with nothing left there', async ({ skip }) => {
    if (!mounted) skip();
    const run = await bench.run(['create', 'disk/x.tar.gz', '--state-dir', 'big']);
    expect(run.status).toBe(1);
    expectTwoLines(run);
    expect(readdirSync(disk)).toEqual([]);
  });

  it('ends a restore with nothing left there', async ({ skip }) => {
    if (!mounted) skip();
    await bench.run(['create', 'big.tar.gz', '--state-dir', 'big']);
    const run = await bench.run(['restore', 'big.tar.gz', '--state-dir', 'disk/state']);
    expect(run.status).toBe(1);
    expectTwoLines(run);
    expect(run.err).toMatch(/needs \d+ MiB/);
    expect(readdirSync(disk)).toEqual([]);
  });
});

describe('damage', () => {
  it('a snapshot cut short is refused, and nothing appears', async () => {
    writeFileSync(bench.path('cut.tar.gz'), readFileSync(bench.path('s.tar.gz')).subarray(0, -1));
    for (const args of [
      ['restore', 'cut.tar.gz', '--state-dir', 'new'],
      ['show', 'cut.tar.gz'],
      ['list', 'cut.tar.gz'],
    ]) {
      const run = await bench.run(args);
      expect(run).toMatchObject({ status: 4, out: '' });
      expectTwoLines(run);
    }
    expect(existsSync(bench.path('new'))).toBe(false);
  });

  it('what is intact of it can be extracted', async () => {
    writeFileSync(bench.path('half.tar.gz'), readFileSync(bench.path('s.tar.gz')).subarray(0, -200));
    const run = await bench.run(['restore', 'half.tar.gz', '--salvage', 'salvaged', '--json']);
    expect(run.status).toBe(3);
    expect(lastJson(run.out)).toMatchObject({ type: 'summary', status: 3, complete: false });
    expect(readFileSync(bench.path('salvaged/notes.txt'), 'utf8')).toBe('hello\n');
  });
});

describe('standard output that goes away', () => {
  beforeAll(() => {
    mkdirSync(bench.path('many'));
    for (let i = 0; i < 3000; i++) writeFileSync(bench.path(`many/${'a-rather-long-name-'.repeat(5)}${i}.json`), '{}');
  });

  it('ends a listing without a word, and not as a success', async () => {
    await bench.run(['create', 'many.tar.gz', '--state-dir', 'many']);
    const { out, err } = await bench.shell('$b list many.tar.gz | head -n 1; echo $PIPESTATUS');
    expect(out.split('\n')).toEqual([expect.stringContaining('a-rather-long-name'), '1']);
    expect(err).toBe('');
  });

  it('ends the content of a file in the same way', async () => {
    writeFileSync(bench.path('many/large.bin'), randomBytes(1_000_000));
    await bench.run(['create', 'large.tar.gz', '--state-dir', 'many']);
    const { out, err } = await bench.shell('$b cat large.tar.gz large.bin | head -c 10 | wc -c; echo $PIPESTATUS');
    expect({ out: out.split(/\s+/), err }).toEqual({ out: ['10', '1'], err: '' });
  });

  it('ends a snapshot into a pipe as a failure', async () => {
    mkdirSync(bench.path('flood'));
    writeFileSync(bench.path('flood/more.bin'), randomBytes(2_000_000));
    const { out, err } = await bench.shell('$b create - --state-dir flood | head -c 1000 | wc -c; echo $PIPESTATUS');
    expect(out.split(/\s+/)).toEqual(['1000', '1']);
    expect(err).toMatch(/went away before the snapshot was complete/);
  });

  it('does not undo what a command did', async () => {
    const { out } = await bench.shell('$b restore s.tar.gz --state-dir unheard >/dev/full; echo $?');
    expect(out).toBe('0');
    expect(existsSync(bench.path('unheard/notes.txt'))).toBe(true);
    expect((await bench.shell('$b show s.tar.gz >/dev/full')).status).toBe(1);
  });

  it('a snapshot is no text for a terminal', async () => {
    const { out } = await bench.shell(`script -qec "$b create - --state-dir state" /dev/null </dev/null; echo "$?"`);
    expect(out).toMatch(/standard output is a terminal/);
    expect(out).toMatch(/2\s*$/);
  });
});
