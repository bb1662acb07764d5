import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRunning } from '../../../src/restore/publish/running.ts';

let root: string;
let dir: string;
/** Started by init's hand, as it were: not a descendant of this process. */
let stranger: { pid: number; end: () => void };

/** A process that holds `file` open for reading in `cwd`, and that has another parent. */
async function startStranger(cwd: string, file: string): Promise<typeof stranger> {
  const shell = spawn('sh', ['-c', 'sleep 600 < "$0" & echo $!', file], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = await new Promise<number>((resolve) => shell.stdout.once('data', (data) => resolve(Number(data))));
  await new Promise((resolve) => shell.once('exit', resolve));
  return { pid, end: () => process.kill(pid, 'SIGKILL') };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'oxios-running-'));
  dir = join(root, '.oxios/workspace');
  mkdirSync(join(dir, 'memory'), { recursive: true });
  writeFileSync(join(dir, 'memory.db'), '');
});
afterEach(() => rmSync(root, { recursive: true }));

describe.skipIf(process.platform !== 'linux')('by /proc', () => {
  test('an open file', async () => {
    stranger = await startStranger('/', join(dir, 'memory.db'));
    const found = await findRunning(dir);
    stranger.end();
    expect(found).toEqual({
      pid: stranger.pid,
      command: 'sleep 600',
      path: join(dir, 'memory.db'),
      evidence: 'open-file',
    });
  });

  test('a working directory', async () => {
    stranger = await startStranger(join(dir, 'memory'), '/dev/null');
    const found = await findRunning(dir);
    stranger.end();
    expect(found).toMatchObject({ pid: stranger.pid, path: join(dir, 'memory'), evidence: 'working-directory' });
  });

  test('not a directory of which the name only begins the same', async () => {
    mkdirSync(`${dir}-2`);
    stranger = await startStranger(`${dir}-2`, '/dev/null');
    const found = await findRunning(dir);
    stranger.end();
    expect(found).toBeNull();
  });
});

describe('by a lock or pid file', () => {
  beforeEach(async () => {
    stranger = await startStranger('/', '/dev/null');
  });
  afterEach(() => stranger.end());

  test.each(['memory/.dream.lock', 'oxios.pid', '../oxios.pid', '../daemon.lock'])('%s', async (name) => {
    writeFileSync(join(dir, name), `${stranger.pid}\n`);
    expect(await findRunning(dir)).toMatchObject({ pid: stranger.pid, path: join(dir, name), evidence: 'lock-file' });
  });

  test('one that holds JSON', async () => {
    writeFileSync(join(dir, 'oxios.lock'), `{"host":"x","pid":${stranger.pid}}`);
    expect(await findRunning(dir)).toMatchObject({ pid: stranger.pid });
  });

  test('a dead one does not count, nor one whose number went to a later process, nor our own', async () => {
    writeFileSync(join(dir, 'oxios.pid'), '999999999\n');
    expect(await findRunning(dir)).toBeNull();
    writeFileSync(join(dir, 'oxios.pid'), `${stranger.pid}\n`);
    utimesSync(join(dir, 'oxios.pid'), 1_000_000_000, 1_000_000_000);
    expect(await findRunning(dir)).toBeNull();
    writeFileSync(join(dir, 'oxios.pid'), `${process.pid}\n`);
    expect(await findRunning(dir)).toBeNull();
  });

  test('in a parent that is not the home of Oxios it is anybody’s', async () => {
    const elsewhere = join(root, 'data/workspace');
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(root, 'data/nginx.pid'), `${stranger.pid}\n`);
    expect(await findRunning(elsewhere)).toBeNull();
    expect(await findRunning(join(root, 'data/missing'))).toBeNull();
  });
});
