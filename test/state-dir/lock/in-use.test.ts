/** A state directory that somebody writes to is not replaced: asked at the beginning, and again right before. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commit } from '../../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock, type StateLock } from '../../../src/state-dir/lock/lock.ts';
import { recoverStateDir } from '../../../src/state-dir/recover/recover.ts';
import { openStaging, type Staging } from '../../../src/state-dir/staging/staging.ts';
import { undoRestore } from '../../../src/state-dir/undo/undo.ts';
import { TEST_FOLDER } from '../../test-folder.ts';
import { fillNew, fillOld } from '../new-tree.ts';
import { actWith, callsOf, hasStrace } from '../traced.ts';

let root: string;
let dir: string;
let lock: StateLock;
let service: number | undefined;

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-in-use-'));
  dir = join(root, 'workspace');
  mkdirSync(dir);
  fillOld(dir);
});
afterEach(() => {
  end();
  rmSync(root, { recursive: true });
});

/** A process with another parent that has a file open for writing: as a service that its manager starts. */
async function startService(file: string): Promise<void> {
  const shell = spawn('sh', ['-c', 'sleep 600 3>> "$0" & echo $!', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  service = await new Promise((resolve) => shell.stdout.once('data', (data) => resolve(Number(data))));
  await new Promise((resolve) => shell.once('exit', resolve));
}

function end(): void {
  if (service !== undefined) process.kill(service, 'SIGKILL');
  service = undefined;
}

async function staged(): Promise<Staging> {
  lock = await acquireStateLock(dir, 'restore');
  const staging = await openStaging(lock);
  fillNew(staging.tree);
  return staging;
}

const database = () => readFileSync(join(dir, 'memory.db'), 'utf8');

test('a service that was started anew while the snapshot was unpacked', async () => {
  const staging = await staged();
  await startService(join(dir, 'memory.db'));
  await expect(commit(staging, { mode: 'replace' })).rejects.toMatchObject({
    code: 'STATE_DIR_IN_USE',
    message: expect.stringContaining(`process ${service} (sleep 600)`),
  });
  expect(database()).toContain('old database');
  await commit(staging, { mode: 'replace', forceRunning: true });
  expect(database()).toContain('new database');
  await lock.release();
});

test('undo asks too', async () => {
  await commit(await staged(), { mode: 'replace' });
  await lock.release();
  await startService(join(dir, 'memory.db'));
  await expect(undoRestore({ stateDir: dir })).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
  expect(database()).toContain('new database');
  await undoRestore({ stateDir: dir, forceRunning: true });
  expect(database()).toContain('old database');
});

test.skipIf(!hasStrace)('recover asks where it has something to do', async () => {
  await startService(join(dir, 'memory.db'));
  expect((await recoverStateDir({ stateDir: dir })).outcome).toBe('clean');
  end();
  const { calls } = await callsOf(['rename'], root, ['commit', dir, 'replace']);
  await undoRestore({ stateDir: dir });
  await actWith(`rename:signal=KILL:when=${calls.filter(({ text }) => !text.includes('history')).at(-1)?.n}`, [
    'commit',
    dir,
    'replace',
  ]);
  mkdirSync(dir);
  await startService(join(dir, 'memory.db'));
  await expect(recoverStateDir({ stateDir: dir })).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
  expect(readdirSync(dir)).toEqual(['memory.db']);
  end();
  expect((await recoverStateDir({ stateDir: dir })).outcome).toBe('finished');
  expect(database()).toContain('new database');
});
