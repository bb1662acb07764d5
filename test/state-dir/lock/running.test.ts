import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackupEvent } from '../../../src/events.ts';
import { assertNotRunning } from '../../../src/state-dir/lock/not-running.ts';
import { openFilesBelow, parseLsof } from '../../../src/state-dir/lock/open-files.ts';
import { findRunning } from '../../../src/state-dir/lock/running.ts';
import { describePlatform } from '../../../src/system/platform.ts';
import { TEST_FOLDER } from '../../test-folder.ts';

let root: string;
let dir: string;
/** Started by init's hand, as it were: not a descendant of this process. */
let stranger: { pid: number; end: () => void };

/** A process in `cwd` that has another parent, with what `redirection` opens: `< file`, `>> file`, `<> file`. */
async function startStranger(cwd: string, redirection = ''): Promise<typeof stranger> {
  return startCommand(cwd, `sleep 600 ${redirection}`);
}

async function startCommand(cwd: string, command: string): Promise<typeof stranger> {
  const shell = spawn('sh', ['-c', `${command} & echo $!`], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = await new Promise<number>((resolve) => shell.stdout.once('data', (data) => resolve(Number(data))));
  await new Promise((resolve) => shell.once('exit', resolve));
  return { pid, end: () => process.kill(pid, 'SIGKILL') };
}

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-running-'));
  dir = join(root, '.oxios/workspace');
  mkdirSync(join(dir, 'memory'), { recursive: true });
  writeFileSync(join(dir, 'memory.db'), '');
});
afterEach(() => rmSync(root, { recursive: true }));

const MAC = describePlatform('darwin', '23.0.0');
const hasLsof = spawnSync('lsof', ['-v']).status === 0;

/** By /proc, and as on macOS: there lsof and ps tell, which read /proc here. */
describe.skipIf(process.platform !== 'linux').each([
  ['/proc', describePlatform('linux', '6.1.0')],
  [hasLsof ? 'lsof' : 'lsof (skipped: it is not there)', MAC],
] as const)('by %s', (_, platform) => {
  describe.skipIf(platform === MAC && !hasLsof)('', () => {
    test('a file that is open for writing', async () => {
      stranger = await startStranger('/', `<> ${join(dir, 'memory.db')}`);
      const { running, canSeeFiles } = await findRunning(dir, platform);
      stranger.end();
      expect(running).toEqual({
        pid: stranger.pid,
        command: 'sleep 600',
        path: join(dir, 'memory.db'),
        evidence: 'open-file',
      });
      expect(canSeeFiles).toBe(true);
    });

    test('who only reads, or has its working directory there, does not count as running', async () => {
      stranger = await startStranger('/', `< ${join(dir, 'memory.db')}`);
      const other = await startStranger(join(dir, 'memory'));
      const { running, onlookers } = await findRunning(dir, platform);
      stranger.end();
      other.end();
      expect(running).toBeNull();
      expect(onlookers.map(({ pid, path, evidence }) => ({ pid, path, evidence }))).toEqual(
        [
          { pid: stranger.pid, path: join(dir, 'memory.db'), evidence: 'read-file' },
          { pid: other.pid, path: join(dir, 'memory'), evidence: 'working-directory' },
        ].sort((a, b) => a.pid - b.pid),
      );
    });

    test('an editor does not count, of which nothing but its swap file is open', async () => {
      stranger = await startStranger(dir, `<> ${join(dir, '.notes.md.swp')}`);
      const { running, onlookers } = await findRunning(dir, platform);
      stranger.end();
      expect(running).toBeNull();
      expect(onlookers).toEqual([
        { pid: stranger.pid, command: 'sleep 600', path: join(dir, 'notes.md'), evidence: 'edited-file' },
      ]);
    });

    test('not a directory of which the name only begins the same', async () => {
      mkdirSync(`${dir}-2`);
      stranger = await startStranger(`${dir}-2`);
      const found = await findRunning(dir, platform);
      stranger.end();
      expect(found).toEqual({ running: null, onlookers: [], canSeeFiles: true });
    });

    test('a name that is not ASCII', async () => {
      const file = join(dir, 'memória 日本.db');
      writeFileSync(file, '');
      stranger = await startStranger('/', `>> '${file}'`);
      const files = openFilesBelow(dir, platform);
      stranger.end();
      expect(files).toContainEqual({ pid: stranger.pid, path: file, access: 'write' });
    });
  });
});

test.skipIf(process.platform !== 'linux')('a file that is mapped for writing, and open no more', async () => {
  const file = join(dir, 'index.usearch');
  writeFileSync(file, 'x'.repeat(4096));
  const program = `import mmap,os,time
fd=os.open(${JSON.stringify(file)},os.O_RDWR)
m=mmap.mmap(fd,4096)
os.close(fd)
os.write(1,b"mapped")
time.sleep(600)`;
  const python = spawn('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => python.stdout.once('data', resolve));
  const files = openFilesBelow(dir);
  python.kill('SIGKILL');
  expect(files?.filter(({ pid }) => pid === python.pid)).toContainEqual({
    pid: python.pid,
    path: file,
    access: 'write',
  });
});

test('what lsof prints on macOS', () => {
  const output =
    'p501\nfcwd\na \nn/s/memory\nftxt\na \nn/s/bin\nf3\nar\nn/s/a\np502\nf9\nau\nn/s/\\xc3\\xa9\\\\b\nf10\naw\nn/s2/c\n';
  expect(parseLsof(output, '/s')).toEqual([
    { pid: 501, path: '/s/memory', access: 'working-directory' },
    { pid: 501, path: '/s/a', access: 'read' },
    { pid: 502, path: '/s/é\\b', access: 'write' },
  ]);
});

const hasFlock = spawnSync('flock', ['--version']).status === 0;

describe.skipIf(!hasFlock)(`by the lock that Oxios holds${hasFlock ? '' : ' (skipped: no flock)'}`, () => {
  test.each(['oxios.lock', '../oxios.lock'])('%s', async (name) => {
    const lock = join(dir, name);
    writeFileSync(lock, '');
    stranger = await startCommand('/', `exec flock --no-fork ${lock} sleep 600`);
    while (spawnSync('flock', ['-n', lock, 'true']).status === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const { running } = await findRunning(dir);
    expect(running).toMatchObject({ pid: stranger.pid, path: lock, evidence: 'lock' });
    stranger.end();
    while (spawnSync('flock', ['-n', lock, 'true']).status !== 0);
    expect((await findRunning(dir)).running).toBeNull();
  });

  test('one that nobody holds means nothing, whatever process now has the number in it', async () => {
    stranger = await startStranger('/');
    writeFileSync(join(dir, 'oxios.lock'), `${stranger.pid}\n`);
    const { running } = await findRunning(dir);
    stranger.end();
    expect(running).toBeNull();
  });
});

describe('what is said', () => {
  test('who writes is named, with how to stop it; who looks is named in a notice', async () => {
    const said: BackupEvent[] = [];
    const reader = await startStranger(join(dir, 'memory'));
    await assertNotRunning(dir, { onEvent: (event) => said.push(event) });
    expect(said).toEqual([
      {
        type: 'notice',
        path: dir,
        message: `process ${reader.pid} (sleep 600) works in it, and stays in the old directory until it changes to the new one`,
      },
    ]);
    stranger = await startStranger('/', `>> ${join(dir, 'memory.db')}`);
    await expect(assertNotRunning(dir, {})).rejects.toMatchObject({
      code: 'STATE_DIR_IN_USE',
      message: `process ${stranger.pid} (sleep 600) is using the state directory: it has open ${join(dir, 'memory.db')}`,
      hint: expect.stringContaining('End that process.'),
    });
    await assertNotRunning(dir, { forceRunning: true });
    stranger.end();
    reader.end();
  });
});

describe('by a lock or pid file', () => {
  beforeEach(async () => {
    stranger = await startStranger('/');
  });
  afterEach(() => stranger.end());

  test.each(['memory/.dream.lock', 'oxios.pid', '../oxios.pid', '../daemon.lock'])('%s', async (name) => {
    writeFileSync(join(dir, name), `${stranger.pid}\n`);
    const { running } = await findRunning(dir);
    expect(running).toMatchObject({ pid: stranger.pid, path: join(dir, name), evidence: 'lock-file' });
  });

  test('one that holds JSON', async () => {
    writeFileSync(join(dir, 'daemon.lock'), `{"host":"x","pid":${stranger.pid}}`);
    expect((await findRunning(dir)).running).toMatchObject({ pid: stranger.pid });
  });

  test.each([describePlatform('linux', '6.1.0'), MAC])(
    'dead, or a later process with the number, or our own: as on $os',
    async (platform) => {
      writeFileSync(join(dir, 'oxios.pid'), '999999999\n');
      expect((await findRunning(dir, platform)).running).toBeNull();
      writeFileSync(join(dir, 'oxios.pid'), `${stranger.pid}\n`);
      expect((await findRunning(dir, platform)).running).toMatchObject({ pid: stranger.pid, command: 'sleep 600' });
      utimesSync(join(dir, 'oxios.pid'), 1_000_000_000, 1_000_000_000);
      expect((await findRunning(dir, platform)).running).toBeNull();
      writeFileSync(join(dir, 'oxios.pid'), `${process.pid}\n`);
      expect((await findRunning(dir, platform)).running).toBeNull();
    },
  );

  test('in a parent that is not the home of Oxios it is anybody’s', async () => {
    const elsewhere = join(root, 'data/workspace');
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(root, 'data/nginx.pid'), `${stranger.pid}\n`);
    expect((await findRunning(elsewhere)).running).toBeNull();
    expect((await findRunning(join(root, 'data/missing'))).running).toBeNull();
  });
});
