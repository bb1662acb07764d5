import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BackupError, createSnapshot, verifySnapshot } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { TempDir } from '../workroom.ts';
import { backUp, readSessions, restore, restoreFrom, restoreOrExplain, snapshotServer } from './examples.ts';

const room = new TempDir();
let stateDir: string;
let snapshot: string;

beforeEach(async () => {
  for (const method of ['log', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(() => {});
  rmSync(room.path('all'), { recursive: true, force: true });
  mkdirSync(room.path('all'));
  stateDir = room.path('all/workspace');
  snapshot = room.path('all/oxios.tar.gz');
  buildWorkspace(stateDir);
  await createSnapshot({ stateDir, output: snapshot });
});
afterEach(() => vi.restoreAllMocks());

test('a snapshot in a folder', async () => {
  mkdirSync(room.path('all/backups'));
  await backUp(stateDir, room.path('all/backups'));
  const [name = ''] = readdirSync(room.path('all/backups'));
  expect(console.log).toHaveBeenCalledWith(`${room.path('all/backups', name)} is made and sealed`);
  expect((await verifySnapshot({ snapshot: room.path('all/backups', name) })).valid).toBe(true);
});

test('a restore with progress', async () => {
  const before = readTree(stateDir);
  writeFileSync(join(stateDir, 'mistake.md'), 'no');
  const previous = await restore(snapshot, stateDir, new AbortController().signal);
  expect(compareTrees(before, readTree(stateDir))).toEqual([]);
  expect(readFileSync(join(previous as string, 'mistake.md'), 'utf8')).toBe('no');
  expect(console.log).toHaveBeenCalledWith(expect.stringMatching(/^extract: \d+ of \d+ bytes$/));
});

test('a restore that is aborted', async () => {
  const before = readTree(stateDir);
  const error = await restore(snapshot, stateDir, AbortSignal.abort()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BackupError);
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORTED' });
  expect(compareTrees(before, readTree(stateDir))).toEqual([]);
});

test('errors by their codes', async () => {
  expect(await restoreOrExplain(snapshot, stateDir)).toMatch(/^Choose the mode .*workspace has content\.$/);
  expect(await restoreOrExplain(room.path('all/none.tar.gz'), stateDir)).toContain('none.tar.gz');
  expect(await restoreOrExplain(snapshot, room.path('all/restored'))).toBe('restored');
  writeFileSync(snapshot, readFileSync(snapshot).subarray(0, 20_000));
  expect(await restoreOrExplain(snapshot, room.path('all/other'))).toMatch(/^Use another snapshot: /);
});

test('the sessions of a snapshot', async () => {
  expect((await readSessions(snapshot)).map((session) => JSON.parse(session))).toHaveLength(3);
});

describe('an HTTP server', () => {
  const listen = async () => {
    const server = snapshotServer(stateDir).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { server, url: `http://127.0.0.1:${port}/` };
  };

  test('sends a snapshot, which is restored on arrival', async () => {
    const { server, url } = await listen();
    try {
      await restoreFrom(url, room.path('all/restored'));
    } finally {
      server.close();
    }
    expect(compareTrees(readTree(stateDir), readTree(room.path('all/restored')))).toEqual([]);
    expect(console.error).not.toHaveBeenCalled();
  });

  test('ends with 500 where there is nothing to be captured', async () => {
    rmSync(stateDir, { recursive: true });
    const { server, url } = await listen();
    try {
      expect((await fetch(url)).status).toBe(500);
    } finally {
      server.close();
    }
  });

  test('ends its work when the client goes away', async () => {
    writeFileSync(join(stateDir, 'large.bin'), randomBytes(16 * 2 ** 20));
    const { server, url } = await listen();
    const failed = new Promise((resolve) => vi.mocked(console.error).mockImplementation(resolve));
    try {
      const controller = new AbortController();
      const { body } = await fetch(url, { signal: controller.signal });
      await body?.getReader().read();
      controller.abort();
      expect(await failed).toMatchObject({ code: 'ABORTED' });
    } finally {
      server.close();
    }
  });
});
