import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';
import { writeSmallState } from './small-state.ts';

const bench = new Workbench();
beforeAll(async () => {
  writeSmallState(bench.path('state'));
  await bench.run(['create', 's.tar.gz', '--state-dir', 'state']);
});

describe('create', () => {
  it('names the snapshot after the time, here or in a folder, and says what it is', async () => {
    const { status, out, err } = await bench.run(['create', '--state-dir', 'state']);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(
      /oxios-backup-\d{8}T\d{6}Z-[a-z2-7]{4}\.tar\.gz\n {2}9 entries \(5 files\), 55 B as .* KiB, in /,
    );
    const { out: there } = await bench.run(['create', '--to', '.', '--state-dir', 'state', '--json', '--force']);
    expect(lastJson(there).output).toMatch(
      new RegExp(`^${bench.root}/oxios-backup-\\d{8}T\\d{6}Z-[a-z2-7]{4}.tar.gz$`),
    );
  });

  it('takes the state directory from the environment, or has it where Oxios has it', async () => {
    const named = await bench.run(['create', 'env.tar.gz'], { env: { OXIOS_STATE_DIR: bench.path('state') } });
    expect(named.status).toBe(0);
    const missing = await bench.run(['create', 'home.tar.gz'], { env: { HOME: bench.path('home') } });
    expect(missing.status).toBe(1);
    expect(missing.err).toContain(`${bench.path('home')}/.oxios/workspace`);
  });

  it('takes an empty OXIOS_STATE_DIR for a mistake, and an empty HOME for none', async () => {
    const { status, err } = await bench.run(['restore', 's.tar.gz', '--replace'], { env: { OXIOS_STATE_DIR: '' } });
    expect(status).toBe(2);
    expect(err).toContain('OXIOS_STATE_DIR is set, and empty');
    const { err: elsewhere } = await bench.run(['create', 'h.tar.gz', '--dry-run'], { env: { HOME: '' } });
    expect(elsewhere).not.toContain(bench.root);
    const empty = await bench.run(['create', 'e.tar.gz', '--state-dir', '']);
    expect(empty).toMatchObject({
      status: 2,
      err: expect.stringContaining('--state-dir needs a value that is not empty'),
    });
    expect(existsSync(bench.path('e.tar.gz'))).toBe(false);
  });

  it('leaves an existing file alone without --force', async () => {
    writeFileSync(bench.path('there.tar.gz'), 'mine');
    const { status, err } = await bench.run(['create', 'there.tar.gz', '--state-dir', 'state']);
    expect(status).toBe(1);
    expect(err).toMatch(/--force/);
    expect(readFileSync(bench.path('there.tar.gz'), 'utf8')).toBe('mine');
    expect((await bench.run(['create', 'there.tar.gz', '--state-dir', 'state', '--force'])).status).toBe(0);
  });

  it('prints its events and its result as JSON, one a line', async () => {
    const { out, err } = await bench.run(['create', 'j.tar.gz', '--state-dir', 'state', '--json', '--progress']);
    const lines = out.split('\n').map((line) => JSON.parse(line));
    expect(err).toBe('');
    for (const { v } of lines) expect(v).toBe(1);
    expect(lines.slice(0, -1).map(({ type }) => type)).toContain('progress');
    expect(lines.at(-1)).toMatchObject({
      type: 'summary',
      command: 'create',
      status: 0,
      complete: true,
      output: bench.path('j.tar.gz'),
      manifest: { version: 1, oxios_version: '0.3.0', sections: [{ name: 'memory/facts' }, { name: 'sessions' }] },
      totals: { files: 5 },
    });
  });

  it('names what is excluded', async () => {
    const { out } = await bench.run([
      'create',
      'x.tar.gz',
      '--state-dir',
      'state',
      '--exclude',
      '*.txt',
      '--exclude',
      'memory',
    ]);
    expect(out).toContain('memory (matches memory)');
    expect((await bench.run(['list', 'x.tar.gz'])).out).not.toContain('notes.txt');
  });

  it('says what it would do, with --dry-run, and writes nothing', async () => {
    const args = ['create', 'dry.tar.gz', '--state-dir', 'state', '--dry-run', '--exclude', 'memory'];
    const { status, out } = await bench.run(args);
    expect(status).toBe(0);
    expect(out).toMatch(/^ {2}6 entries \(4 files\), 46 B$/m);
    expect(out).toMatch(/^ {2}sessions +2$/m);
    expect(out).toMatch(/^ {2}memory\/ +matches memory$/m);
    expect(existsSync(bench.path('dry.tar.gz'))).toBe(false);
    expect(lastJson((await bench.run([...args, '--json'])).out)).toMatchObject({
      dry_run: true,
      excluded: [{ path: 'memory' }],
    });
  });

  it('keeps results off the standard output when that is the snapshot', async () => {
    const { status, err } = await bench.shell('$b create - --state-dir state --json > piped.tar.gz');
    expect(status).toBe(0);
    expect(lastJson(err)).toMatchObject({ type: 'summary', output: null });
    expect((await bench.run(['verify', 'piped.tar.gz'])).status).toBe(0);
  });

  it('is silent when it is asked to be', async () => {
    expect(await bench.run(['create', 'q.tar.gz', '--state-dir', 'state', '--quiet'])).toEqual({
      status: 0,
      out: '',
      err: '',
    });
  });
});

describe('show, list, cat', () => {
  it('shows where a snapshot comes from and what it holds', async () => {
    const { status, out } = await bench.run(['show', 's.tar.gz']);
    expect(status).toBe(0);
    expect(out).toMatch(/^Oxios +0\.3\.0$/m);
    expect(out).toContain(`${bench.path('state')} (linux)`);
    expect(out).toMatch(/^sealed +yes$/m);
    expect(out).toMatch(/^ {2}sessions +2$/m);
    expect(
      lastJson((await bench.run(['show', '-', '--json'], { inputFile: bench.path('s.tar.gz') })).out),
    ).toMatchObject({
      snapshot: null,
      sealed: true,
      totals: { entries: 9 },
    });
  });

  it('lists names, escaping what a terminal would act upon', async () => {
    const { out } = await bench.run(['list', 's.tar.gz']);
    expect(out.split('\n')).toEqual([
      'link',
      'memory/',
      'memory/facts/',
      'memory/facts/coffee.md',
      'notes.txt',
      'sessions/',
      'sessions/a.json',
      'sessions/b.json',
      'strange\\u001b[31mname.txt',
    ]);
  });

  it('lists what a glob or a section asks for, in the order that is wanted', async () => {
    expect((await bench.run(['list', 's.tar.gz', 'sessions/*.json', '--sort', 'size'])).out).toBe(
      'sessions/b.json\nsessions/a.json',
    );
    expect((await bench.run(['list', 's.tar.gz', '--section', 'memory/facts'])).out).toBe(
      'memory/facts/\nmemory/facts/coffee.md',
    );
    const nothing = await bench.run(['list', 's.tar.gz', 'nowhere']);
    expect(nothing).toMatchObject({ status: 1, out: '' });
  });

  it('lists at length, and as JSON', async () => {
    const { out } = await bench.run(['list', 's.tar.gz', '-l', 'link', 'notes.txt']);
    expect(out).toMatch(/^lrwxrwxrwx .* link -> notes\.txt$/m);
    expect(out).toMatch(/^-rw-r--r-- +\d+\/\d+ +6 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d {2}notes\.txt$/m);
    expect((await bench.run(['list', 's.tar.gz', '-h'])).out).toMatch(/^Usage: oxios-backup list /);
    const [line] = (await bench.run(['list', 's.tar.gz', '--json', 'notes.txt'])).out.split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({
      path: 'notes.txt',
      type: 'file',
      size: 6,
      mode: '0644',
      mtime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
      sha256: '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03',
    });
  });

  it('writes one file to the standard output', async () => {
    expect((await bench.run(['cat', 's.tar.gz', 'sessions/a.json'])).out).toBe('{"id":"a"}');
    expect(await bench.run(['cat', 's.tar.gz', 'sessions'])).toMatchObject({ status: 1, out: '' });
  });
});

describe('restore, undo, recover', () => {
  it('goes there and back again', async () => {
    const target = ['--state-dir', 'back'];
    expect((await bench.run(['restore', 's.tar.gz', ...target])).status).toBe(0);
    writeFileSync(bench.path('back/new.txt'), 'since then');

    const refused = await bench.run(['restore', 's.tar.gz', ...target]);
    expect(refused.status).toBe(1);
    expect(refused.err).toMatch(/not empty.*\n.*--replace.*--merge/);

    const replaced = await bench.run(['restore', 's.tar.gz', '--replace', ...target]);
    const kept = /the previous state is kept at (.*)/.exec(replaced.out)?.[1] ?? '';
    expect(replaced.out).toContain('oxios-backup undo');
    expect(existsSync(`${kept}/new.txt`)).toBe(true);
    expect(existsSync(bench.path('back/new.txt'))).toBe(false);

    const undone = await bench.run(['undo', ...target]);
    expect(undone.out).toMatch(/is again what was replaced on .*\n.*is kept at/);
    expect(existsSync(bench.path('back/new.txt'))).toBe(true);

    expect((await bench.run(['undo', '--discard', ...target])).out).toMatch(/^removed .*\n.* freed$/);
    expect((await bench.run(['undo', ...target])).status).toBe(1);
    expect((await bench.run(['recover', ...target])).out).toMatch(/is whole/);
    expect(readdirSync(bench.root).filter((name) => /^\.?back/.test(name))).toEqual(['back']);
  });

  it('looks before it touches, with --dry-run', async () => {
    writeSmallState(bench.path('looked-at'));
    writeFileSync(bench.path('looked-at/mine.txt'), 'mine');
    const args = ['restore', 's.tar.gz', '--dry-run', '--state-dir', 'looked-at'];
    const plan = await bench.run([...args, '--replace']);
    expect(plan.status).toBe(0);
    expect(plan.out).toMatch(/^ {2}- mine\.txt$/m);
    expect(plan.out).toMatch(/ 1 removed, /);
    expect(plan.out).toMatch(/^ {2}space: .* needed, .* available$/m);
    const refused = await bench.run([...args, '--json']);
    const lines = refused.out.split('\n').map((line) => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ type: 'change', kind: 'removed', path: 'mine.txt' }));
    expect(lines.at(-1)).toMatchObject({ status: 1, dry_run: true, refusals: [{ code: 'TARGET_NOT_EMPTY' }] });
    expect(refused.status).toBe(1);
    expect(readFileSync(bench.path('looked-at/mine.txt'), 'utf8')).toBe('mine');
    expect((await bench.run(['restore', 's.tar.gz', '--dry-run', '--state-dir', 'fresh'])).out).toContain('9 added');
    expect(existsSync(bench.path('fresh'))).toBe(false);
  });

  it('brings one thing back', async () => {
    const { status, out } = await bench.run(['restore', 's.tar.gz', '--path', 'sessions/a*', '--state-dir', 'part']);
    expect(status).toBe(0);
    expect(out).toMatch(/^restored 1 file of sessions\/a\* in \S+\/part, as of \d{4}-/);
    expect(readdirSync(bench.path('part'))).toEqual(['sessions']);
    expect(readdirSync(bench.path('part/sessions'))).toEqual(['a.json']);
  });

  it('reads a pipe', async () => {
    const { status, err } = await bench.shell(
      '$b create - --state-dir state --quiet | $b restore - --state-dir piped --quiet',
    );
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(readFileSync(bench.path('piped/notes.txt'), 'utf8')).toBe('hello\n');
  });

  it('says plainly when an archive is foreign', async () => {
    await bench.shell(
      'mkdir loose && tar -xzf s.tar.gz -C loose && cd loose && tar -czf ../loose.tar.gz manifest.json *',
    );
    await bench.shell('cd loose && tar -czf ../loose.tar.gz manifest.json $(ls | grep -v manifest.json)');
    expect((await bench.run(['show', 'loose.tar.gz'])).out).toMatch(/^sealed +NO/m);
    const { status, out } = await bench.run(['restore', 'loose.tar.gz', '--state-dir', 'loosely']);
    expect(status).toBe(0);
    expect(out).toContain('foreign');
  });
});

describe('verify', () => {
  it('says valid, and what was verified', async () => {
    const { status, out } = await bench.run(['verify', 's.tar.gz']);
    expect(status).toBe(0);
    expect(out).toMatch(/^s\.tar\.gz: valid\n {2}9 entries \(5 files\), 55 B, every byte verified/);
  });

  it('says what is wrong with a damaged one, also when it is to be quiet', async () => {
    const bytes = readFileSync(bench.path('s.tar.gz'));
    // More than a bit: some of them a decompressor does not miss.
    bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 32);
    writeFileSync(bench.path('bad.tar.gz'), bytes);
    const { status, out } = await bench.run(['verify', 'bad.tar.gz']);
    expect(status).toBe(4);
    expect(out).toMatch(/^bad\.tar\.gz: NOT VALID, \d+ problems?\n {2}[A-Z_]+: /);
    const json = lastJson((await bench.run(['verify', 'bad.tar.gz', '--json'])).out);
    expect(json).toMatchObject({ type: 'summary', status: 4, valid: false });
    const quiet = await bench.run(['verify', 'bad.tar.gz', '--quiet']);
    expect(quiet.out).toBe('');
    expect(quiet.err).toContain('NOT VALID');
  });
});

describe('verify of several', () => {
  it('goes on with the others, and ends with the worst', async () => {
    await bench.shell('mkdir several && cp s.tar.gz several/in.tar.gz && head -c 3000 s.tar.gz > torn.tar.gz');
    const good = await bench.run(['verify', 's.tar.gz', 'several']);
    expect(good.status).toBe(0);
    expect(good.out).toMatch(/^s\.tar\.gz: valid$[\s\S]*^in\.tar\.gz: valid$[\s\S]*^2 in all, 0 of them/m);
    const missing = await bench.run(['verify', 'gone.tar.gz', 's.tar.gz', '--quiet']);
    expect(missing).toMatchObject({ status: 1, out: '' });
    expect(missing.err).toMatch(/^gone\.tar\.gz: COULD NOT BE VERIFIED$/m);
    const { status, out } = await bench.run(['verify', 'gone.tar.gz', 'torn.tar.gz', 's.tar.gz', '--json']);
    expect(status).toBe(4);
    expect(lastJson(out)).toMatchObject({
      valid: false,
      results: [
        { status: 1, snapshot: 'gone.tar.gz', error: { code: 'SNAPSHOT_MISSING' } },
        { status: 4, snapshot: 'torn.tar.gz', valid: false },
        { status: 0, snapshot: 's.tar.gz', valid: true },
      ],
    });
    expect((await bench.run(['verify', '-', '-'])).status).toBe(2);
    expect((await bench.run(['verify', 's.tar.gz', 'several', '--against', 'state'])).status).toBe(2);
  });

  it('fails for a folder without a snapshot, as prune does; it is no fault to list nothing', async () => {
    await bench.shell('mkdir nothing && echo mine > nothing/notes.txt');
    const { status, err } = await bench.run(['verify', 'nothing']);
    expect(status).toBe(1);
    expect(err).toMatch(/no snapshot in nothing[\s\S]*mounted\?/);
    expect((await bench.run(['prune', 'nothing', '--keep-last', '1'])).status).toBe(1);
    expect(await bench.run(['snapshots', 'nothing'])).toMatchObject({ status: 0, out: 'no snapshots in nothing' });
  });

  const hasStrace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
  it.skipIf(!hasStrace)('says 1, not 4, of one that the system does not let it read', async () => {
    await bench.shell('mkdir locked && cp s.tar.gz locked/a.tar.gz && cp s.tar.gz locked/b.tar.gz');
    const denied = (words: string) =>
      bench.shell(`strace -f -qq -o /dev/null -P "$PWD/locked/a.tar.gz" -e inject=openat:error=EACCES $b ${words}`);
    const one = await denied('verify "$PWD/locked/a.tar.gz"');
    expect(one.status).toBe(1);
    const all = await denied('verify "$PWD/locked"');
    expect(all.status).toBe(1);
    expect(all.out).toMatch(/^b\.tar\.gz: valid\na\.tar\.gz: COULD NOT BE READ, 1 problem\n {2}PERMISSION: /);
    const pruned = await denied('prune "$PWD/locked" --keep-last 1 --json');
    expect(pruned.status).toBe(7);
    expect(lastJson(pruned.out)).toMatchObject({ untouched: [{ state: 'unreadable', reason: 'unreadable' }] });
    expect((await bench.run(['snapshots', 'locked'])).out).not.toContain('UNUSABLE');
  });

  it.skipIf(!hasStrace)('says so too when reading fails in the middle', async () => {
    const failing = 'strace -f -qq -o /dev/null -P "$PWD/s.tar.gz" -e inject=pread64:error=EIO:when=3+';
    const { status, err } = await bench.shell(`${failing} $b verify s.tar.gz`);
    expect(status).toBe(1);
    expect(err).toMatch(/could not read the snapshot: EIO/);
  });
});

describe('diff, verify --against', () => {
  beforeAll(async () => {
    writeSmallState(bench.path('later'));
    writeFileSync(bench.path('later/sessions/c.json'), '{}');
    writeFileSync(bench.path('later/notes.txt'), 'other\n');
    rmSync(bench.path('later/memory'), { recursive: true });
    await bench.run(['create', 'later.tar.gz', '--state-dir', 'later']);
  });

  it('shows what changed between two snapshots', async () => {
    const { status, out, err } = await bench.run(['diff', 's.tar.gz', 'later.tar.gz']);
    expect({ status, err }).toEqual({ status: 6, err: '' });
    expect(out).toMatch(/^- memory\/$/m);
    expect(out).toMatch(/^~ notes\.txt {2}\(content, mtime\)$/m);
    expect(out).toMatch(/^\+ sessions\/c\.json$/m);
    const stat = await bench.run(['diff', 's.tar.gz', 'later.tar.gz', '--stat']);
    expect(stat.out).toMatch(/^memory\/facts +\+0 +-1 +~0\nsessions +\+1 /);
    expect(stat.out).not.toContain('notes.txt');
  });

  it('compares with the state directory, and with any other', async () => {
    const same = await bench.run(['diff', 'later.tar.gz'], { env: { OXIOS_STATE_DIR: bench.path('later') } });
    expect(same.out).toMatch(/^no difference/);
    expect(same.status).toBe(0);
    const { out } = await bench.run(['diff', 's.tar.gz', 'later', '--section', 'sessions', '--json']);
    const lines = out.split('\n').map((line) => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ type: 'change', kind: 'added', path: 'sessions/c.json' }));
    expect(lines.at(-1)).toMatchObject({ type: 'summary', same: false, sections: [{ name: 'sessions', added: 1 }] });
  });

  it('verifies against a directory', async () => {
    expect((await bench.run(['verify', 'later.tar.gz', '--against', 'later'])).status).toBe(0);
    const { status, out } = await bench.run(['verify', 's.tar.gz', '--against', 'later']);
    expect(status).toBe(6);
    expect(out).toMatch(/^s\.tar\.gz: valid$/m);
    expect(out).toMatch(/^later: DIFFERS.*\n(?: {2}.*\n)* {2}- memory\/facts\/coffee\.md$/m);
  });
});

describe('a folder of snapshots', () => {
  it('is listed, verified and pruned', async () => {
    for (const name of ['one', 'two']) await bench.run(['create', `${name}.tar.gz`, '--state-dir', 'state']);
    await bench.shell('mkdir folder && mv one.tar.gz two.tar.gz folder/ && head -c 3000 s.tar.gz > folder/cut.tar.gz');
    const before = await bench.run(['snapshots', 'folder']);
    expect(before.out).toMatch(/one\.tar\.gz .* yes +never/);
    expect(before.out).toMatch(/cut\.tar\.gz .* UNUSABLE +never/);

    const verified = await bench.run(['verify', 'folder']);
    expect(verified.status).toBe(4);
    expect(verified.out).toMatch(/^one\.tar\.gz: valid$/m);
    expect(verified.out).toMatch(/^cut\.tar\.gz: NOT VALID/m);
    expect((await bench.run(['snapshots', 'folder'])).out).toMatch(/one\.tar\.gz .* yes +\d{4}-/);

    expect((await bench.run(['prune', 'folder'])).status).toBe(2);
    const plan = await bench.run(['prune', 'folder', '--keep-last', '1', '--dry-run']);
    expect(plan.out).toMatch(/keep +two\.tar\.gz .*\n +would go +one\.tar\.gz/);
    const pruned = await bench.run(['prune', 'folder', '--keep-last', '1', '--json']);
    expect(lastJson(pruned.out)).toMatchObject({
      // One that is damaged lies there; the others were pruned.
      status: 4,
      removed: ['one.tar.gz'],
      untouched: [{ name: 'cut.tar.gz', reason: 'damaged' }],
      dry_run: false,
    });
    expect(readdirSync(bench.path('folder')).filter((name) => name.endsWith('.gz'))).toEqual([
      'cut.tar.gz',
      'two.tar.gz',
    ]);
  });
});

it('OUTPUT.md names every field that is printed', async () => {
  const documented = readFileSync(new URL('../../src/cli/OUTPUT.md', import.meta.url), 'utf8');
  const lines = [
    ['create', 'o.tar.gz', '--state-dir', 'state', '--json', '--progress'],
    ['create', 'o2.tar.gz', '--state-dir', 'state', '--json', '--dry-run'],
    ['restore', 's.tar.gz', '--state-dir', 'o', '--json', '--dry-run'],
    ['restore', 's.tar.gz', '--state-dir', 'o', '--json'],
    ['restore', 's.tar.gz', '--state-dir', 'o', '--json'],
    ['verify', 's.tar.gz', '--against', 'o', '--json'],
    ['show', 's.tar.gz', '--json'],
    ['list', 's.tar.gz', '--json'],
    ['snapshots', '.', '--json'],
    ['recover', '--state-dir', 'o', '--json'],
  ];
  for (const args of lines) {
    for (const line of (await bench.run(args)).out.split('\n')) {
      for (const key of Object.keys(JSON.parse(line))) expect(documented).toContain(`\`${key}\``);
    }
  }
});
