/** What `create` says of a state directory that is not what it should be, and of what is not in a snapshot of it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lastJson, Workbench } from './command-line.ts';

const bench = new Workbench();

function stateOf(files: number): string {
  const state = bench.fresh('state');
  mkdirSync(join(state, 'sessions'), { recursive: true });
  for (let at = 0; at < files; at += 1) writeFileSync(join(state, `sessions/${at}.json`), `{"n":${at}}`.padEnd(1000));
  return state;
}

function folder(): string {
  const path = bench.fresh('folder');
  mkdirSync(path);
  return path;
}

it('refuses a state directory without a file, and leaves what is there', async () => {
  const state = stateOf(0);
  const output = bench.fresh('snapshot');
  writeFileSync(output, 'the last good one');
  const refused = await bench.run(['create', output, '--force', '--state-dir', state]);
  expect(refused.status).toBe(1);
  expect(refused.err).toMatch(/no file to capture[\s\S]*mounted[\s\S]*--allow-empty/);
  expect(readFileSync(output, 'utf8')).toBe('the last good one');
  expect((await bench.run(['create', '--dry-run', '--state-dir', state])).status).toBe(1);
  const left = await bench.run(['create', bench.fresh(), '--state-dir', stateOf(3), '--exclude', '*.json', '--json']);
  expect(lastJson(left.out)).toMatchObject({ type: 'error', code: 'STATE_DIR_EMPTY' });
  expect((await bench.run(['create', output, '--force', '--allow-empty', '--state-dir', state])).status).toBe(0);
});

it('three nights without a disk do not cost the last good snapshot', async () => {
  const state = stateOf(5);
  const backups = folder();
  const night = () => bench.run(['create', '--to', backups, '--state-dir', state, '--allow-empty']);
  await night();
  const [good = ''] = readdirSync(backups);
  rmSync(join(state, 'sessions'), { recursive: true });
  for (let at = 0; at < 3; at += 1) await night();
  const pruned = await bench.run(['prune', backups, '--keep-last', '3', '--json']);
  expect(lastJson(pruned.out)).toMatchObject({ status: 0, removed: [], groups: [{ keep: [{ name: good }] }] });
  expect(existsSync(join(backups, good))).toBe(true);
});

it('says that a state shrank by more than half, and with --max-shrink ends with 3', async () => {
  const state = stateOf(10);
  const backups = folder();
  const create = (...more: string[]) => bench.run(['create', '--to', backups, '--state-dir', state, ...more]);
  expect((await create()).out).not.toContain('much less');
  for (const at of [0, 1, 2]) rmSync(join(state, `sessions/${at}.json`));
  const little = await create('--dry-run');
  expect(little).toMatchObject({ status: 0, out: expect.not.stringContaining('much less') });
  expect((await create('--dry-run', '--max-shrink', '20%')).status).toBe(3);
  for (const at of [3, 4, 5]) rmSync(join(state, `sessions/${at}.json`));
  const planned = await create('--dry-run', '--json');
  expect(lastJson(planned.out)).toMatchObject({ status: 0, shrunk: { before: { files: 10 }, after: { files: 4 } } });
  const strict = await create('--max-shrink', '50%', '--quiet');
  expect(strict.status).toBe(3);
  expect(strict.err).toMatch(/much less than .*oxios-backup-.*: 4 files, .*; before 10 files/);
  expect(readdirSync(backups)).toHaveLength(2);
  // Against the one that shrank it did not.
  expect((await create('--max-shrink', '50%')).status).toBe(0);
});

it('compares with the snapshot that it replaces, and with none of another state directory', async () => {
  const state = stateOf(10);
  const output = join(folder(), 'oxios.tar.gz');
  const create = (...more: string[]) => bench.run(['create', output, '--force', '--state-dir', state, ...more]);
  await create();
  rmSync(join(state, 'sessions'), { recursive: true });
  writeFileSync(join(state, 'one'), '1');
  const { status, out } = await create();
  expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('note: it holds much less than') });
  const other = await bench.run([
    'create',
    '--to',
    join(output, '..'),
    '--state-dir',
    stateOf(1),
    '--max-shrink',
    '1%',
  ]);
  expect(other.status).toBe(0);
});

it('takes for --max-shrink a percentage, and a folder to compare in', async () => {
  const state = stateOf(1);
  for (const wrong of ['half', '101%', '-1', '5.5'])
    expect((await bench.run(['create', '--dry-run', '--state-dir', state, `--max-shrink=${wrong}`])).status).toBe(2);
  expect((await bench.run(['create', '-', '--state-dir', state, '--max-shrink', '50%'])).status).toBe(2);
});

it('names what lies beside the default state directory, and is not in the snapshot', async () => {
  const home = bench.fresh('home');
  for (const file of ['.oxios/workspace/sessions/a.json', '.oxios/config.toml', '.oxi/brain/brain.db']) {
    mkdirSync(join(home, file, '..'), { recursive: true });
    writeFileSync(join(home, file), 'x');
  }
  const env = { HOME: home };
  const { status, err } = await bench.run(['create', bench.fresh()], { env });
  expect(status).toBe(0);
  expect(err).toContain(`oxios-backup create --state-dir ${home}/.oxi/brain\n`);
  expect(err).toContain(`oxios-backup create --state-dir ${home}/.oxios --exclude /workspace`);
  expect((await bench.run(['create', '--dry-run'], { env })).out).toContain('.oxi/brain: holds agent memory');
  expect((await bench.run(['create', bench.fresh(), '--quiet'], { env })).err).toBe('');
  const json = await bench.run(['create', bench.fresh(), '--json'], { env });
  expect(lastJson(json.out)).toMatchObject({
    neighbours: [{ directory: `${home}/.oxi/brain` }, { names: ['config.toml'] }],
  });
  // What it names is a command that works.
  const own = bench.fresh();
  await bench.run(
    ['create', own, '--state-dir', `${home}/.oxios`, '--exclude', '/workspace', '--exclude', '/backups'],
    { env },
  );
  expect((await bench.run(['list', own])).out).toBe('config.toml');
});

it.each(['x.zip', 'x.tar', 'X.7Z'])('says that %s will be a .tar.gz by another name', async (name) => {
  const state = bench.fresh('named');
  mkdirSync(state);
  writeFileSync(join(state, 'a.txt'), 'a');
  const { status, err } = await bench.run(['create', name, '--state-dir', state]);
  expect({ status, err }).toEqual({
    status: 0,
    err: expect.stringContaining(`${name}: will be a .tar.gz by another name`),
  });
  expect((await bench.run(['create', name, '--force', '--quiet', '--state-dir', state])).err).toBe('');
  expect((await bench.run(['create', `${name}.tgz`, '--state-dir', state])).err).toBe('');
});
