import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { BackupEvent } from '../../../src/events.ts';
import { acquireStateLock, type StateLock } from '../../../src/state-dir/lock/lock.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const MINUTE = 60_000;

function workspace(): string {
  const dir = room.path(`${expect.getState().currentTestName?.replace(/\W+/g, '-')}/workspace`);
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Begins to wait for a lock that is held, and is there when it has said so. */
async function waiting(dir: string, options: { lockWait: number; signal?: AbortSignal }) {
  const notices: BackupEvent[] = [];
  let outcome = Promise.reject<StateLock>(new Error('not begun'));
  outcome.catch(() => {});
  await new Promise<void>((resolve) => {
    const onEvent = (event: BackupEvent) => {
      notices.push(event);
      resolve();
    };
    outcome = acquireStateLock(dir, 'second', { ...options, onEvent });
    outcome.catch(() => resolve());
  });
  return { notices, outcome };
}

test('it waits for the other run, says once for which, and has the lock then', async () => {
  const dir = workspace();
  const first = await acquireStateLock(dir, 'first');
  const { notices, outcome } = await waiting(dir, { lockWait: MINUTE });
  expect(notices).toEqual([
    {
      type: 'notice',
      message: expect.stringMatching(
        new RegExp(`in use by process ${process.pid} \\(first, since .*\\): waiting until it is done$`),
      ),
    },
  ]);
  await first.release();
  const second = await outcome;
  second.assertHeld();
  await second.release();
  expect(readdirSync(`${dir}/..`)).toEqual(['workspace']);
  expect(notices).toHaveLength(1);
});

test('what the other run puts in its place is what is locked', async () => {
  const dir = workspace();
  const first = await acquireStateLock(dir, 'first');
  const { outcome } = await waiting(dir, { lockWait: MINUTE });
  mkdirSync(`${dir}.new`);
  renameSync(dir, `${dir}.old`);
  renameSync(`${dir}.new`, dir);
  rmdirSync(`${dir}.old`);
  await first.release();
  await (await outcome).release();
});

test('an abort ends the wait, and takes nothing', async () => {
  const dir = workspace();
  const first = await acquireStateLock(dir, 'first');
  const controller = new AbortController();
  const { outcome } = await waiting(dir, { lockWait: MINUTE, signal: controller.signal });
  controller.abort();
  await expect(outcome).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED' });
  first.assertHeld();
  await first.release();
  expect(readdirSync(`${dir}/..`)).toEqual(['workspace']);
});

test('when the time is over it is refused, as without a wait', async () => {
  const dir = workspace();
  const first = await acquireStateLock(dir, 'first');
  const { notices, outcome } = await waiting(dir, { lockWait: 50 });
  await expect(outcome).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED', path: dir });
  expect(notices).toHaveLength(1);
  const { notices: none, outcome: atOnce } = await waiting(dir, { lockWait: 0 });
  await expect(atOnce).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
  expect(none).toEqual([]);
  await first.release();
});
