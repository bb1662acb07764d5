import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BackupEvent } from '../../../src/events.ts';
import { acquireStateLock } from '../../../src/state-dir/lock/lock.ts';
import { formatIdentity, ownIdentity, type ProcessIdentity } from '../../../src/system/process-identity.ts';
import { TEST_FOLDER } from '../../test-folder.ts';
import { ACTOR } from '../actor-program.ts';
import { fillOld } from '../new-tree.ts';
import { act } from '../traced.ts';

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-lock-'));
  dir = join(root, 'workspace');
  mkdirSync(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

function locks(): string[] {
  return readdirSync(root).filter((name) => name.includes('.lock-'));
}

/** Puts down the lock of a holder that differs from this process in `change`. */
function plant(change: Partial<ProcessIdentity>): string {
  const path = join(root, '.workspace.oxios-backup.lock-00000000deadbeef');
  const owner = { ...ownIdentity(), ...change };
  const record = { owner: formatIdentity(owner), held: false, pid: owner.pid, hostname: 'elsewhere' };
  writeFileSync(path, JSON.stringify({ ...record, command: 'restore', since: '2026-01-01T00:00:00.000Z' }));
  return path;
}

test('the second one is shown who holds it', async () => {
  const lock = await acquireStateLock(dir, 'restore');
  await expect(acquireStateLock(dir, 'create')).rejects.toMatchObject({
    code: 'STATE_DIR_LOCKED',
    message: expect.stringMatching(new RegExp(`process ${process.pid} \\(restore, since 20`)),
  });
  lock.assertHeld();
  await lock.release();
  const next = await acquireStateLock(dir, 'create');
  await next.release();
  expect(readdirSync(root)).toEqual(['workspace']);
});

test('another process holds it; killed, it holds it no longer', async () => {
  const holder = execa(process.execPath, [ACTOR, 'hold', dir], { reject: false });
  await once(holder.stdout, 'data');
  expect(await act(['commit', dir, 'create'])).toMatchObject({ ok: false, code: 'STATE_DIR_LOCKED' });
  holder.kill('SIGKILL');
  await holder;
  expect(locks()).toHaveLength(1);
  const lock = await acquireStateLock(dir, 'restore');
  expect(locks()).toHaveLength(1);
  await lock.release();
  expect(locks()).toEqual([]);
});

test('a process with the number of a dead holder does not hold its lock', async () => {
  plant({ started: '00000001' });
  await (await acquireStateLock(dir, 'restore')).release();
});

test('neither does one from before the machine was started anew', async () => {
  plant({ boot: '00000001' });
  await (await acquireStateLock(dir, 'restore')).release();
});

test('nor is half a lock file, from a power cut, one', async () => {
  writeFileSync(plant({}), '');
  await (await acquireStateLock(dir, 'restore')).release();
  expect(locks()).toEqual([]);
});

test('a holder in another container is believed until it was silent for a day', async () => {
  const path = plant({ namespace: '1', pid: 999_999_999 });
  const said: BackupEvent[] = [];
  const onEvent = (event: BackupEvent) => said.push(event);
  await expect(acquireStateLock(dir, 'restore', { onEvent })).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
  utimesSync(path, Date.now() / 1000 - 23 * 3600, Date.now() / 1000 - 23 * 3600);
  await expect(acquireStateLock(dir, 'restore', { onEvent })).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
  expect(said).toEqual([]);
  utimesSync(path, Date.now() / 1000 - 25 * 3600, Date.now() / 1000 - 25 * 3600);
  await (await acquireStateLock(dir, 'restore', { onEvent })).release();
  expect(said).toEqual([
    { type: 'notice', path, message: expect.stringContaining('process 999999999 on elsewhere (restore)') },
  ]);
});

test('of many who find a dead holder at once, never two hold it', async () => {
  const path = join(root, 'counted');
  writeFileSync(path, '');
  let most = 0;
  let holding = 0;
  let got = 0;
  const contenders = Array.from({ length: 12 }, async () => {
    for (let round = 0; round < 5; round += 1) {
      plant({ started: '00000001' });
      const lock = await acquireStateLock(dir, 'contend').catch((error) => {
        expect(error.code).toBe('STATE_DIR_LOCKED');
        return null;
      });
      if (lock === null) continue;
      got += 1;
      holding += 1;
      most = Math.max(most, holding);
      await new Promise((resolve) => setImmediate(resolve));
      holding -= 1;
      await lock.release();
    }
  });
  await Promise.all(contenders);
  expect(most).toBe(1);
  expect(got).toBeGreaterThan(0);
  const last = await acquireStateLock(dir, 'restore');
  await last.release();
});

test('of many processes that commit at once, one after the other or none', async () => {
  // Where something stands, so that also the only one of them that gets through keeps a state.
  fillOld(dir);
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => act(['commit', dir, 'replace'])));
  for (const { ok, code } of outcomes) expect(ok || code === 'STATE_DIR_LOCKED', code).toBe(true);
  expect(outcomes.some(({ ok }) => ok)).toBe(true);
  expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual(['.workspace.oxios-backup.history']);
  expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('new database');
});

test('each attempt puts down a file of its own name: who takes one for dead removes it by that, and not the next', async () => {
  const holder = await acquireStateLock(dir, 'hold');
  const names = new Set(locks());
  const watcher = watch(root, (_, name) => name !== null && /\.lock-[0-9a-f]{16}$/.test(name) && names.add(name));
  await expect(acquireStateLock(dir, 'restore')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
  await vi.waitFor(() => expect(names.size).toBe(1 + 5));
  watcher.close();
  await holder.release();
});

test('a lock that was taken away is noticed', async () => {
  const lock = await acquireStateLock(dir, 'restore');
  for (const name of locks()) rmSync(join(root, name));
  expect(() => lock.assertHeld()).toThrow(expect.objectContaining({ code: 'STATE_DIR_LOCKED' }));
  await lock.release();
});

test('missing parents are made on request, and go when nothing came of it', async () => {
  const deep = join(root, 'a/b/workspace');
  await expect(acquireStateLock(deep, 'restore')).rejects.toMatchObject({ code: 'STATE_DIR_MISSING' });
  const lock = await acquireStateLock(deep, 'restore', { makeParents: true });
  expect(existsSync(join(root, 'a/b'))).toBe(true);
  await lock.release();
  expect(existsSync(join(root, 'a'))).toBe(false);
});

test('a file is no state directory', async () => {
  writeFileSync(join(root, 'file'), '');
  await expect(acquireStateLock(join(root, 'file'), 'restore')).rejects.toMatchObject({ code: 'TARGET_NOT_DIRECTORY' });
  await expect(acquireStateLock(join(root, 'file/x'), 'restore')).rejects.toMatchObject({
    code: 'TARGET_NOT_DIRECTORY',
  });
});
