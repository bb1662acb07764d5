import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';

/** Verify says that it is not valid. */
export async function expectInvalid(snapshot: string): Promise<void> {
  const result = await verifySnapshot({ snapshot, threads: 1 });
  expect(result.valid).toBe(false);
  expect(result.problems.length).toBeGreaterThan(0);
}

/**
 * A restore is refused with exit status 4, in both ways that there are, and nothing is changed.
 *
 * @param room a directory for this; emptied
 */
export async function expectRefused(snapshot: string, room: string): Promise<void> {
  rmSync(room, { recursive: true, force: true });
  mkdirSync(room);
  const missing = join(room, 'missing');
  await expectExit4(() => restoreBackup(new StateStore(missing), snapshot, { threads: 1 }));
  expect(existsSync(missing)).toBe(false);

  const live = join(room, 'live');
  mkdirSync(join(live, 'seeds'), { recursive: true });
  writeFileSync(join(live, 'seeds/mine.json'), '{}');
  const before = readTree(live);
  await expectExit4(() => restoreBackup(new StateStore(live), snapshot, { mode: 'replace', threads: 1 }));
  expect(compareTrees(before, readTree(live))).toEqual([]);
  expect(readdirSync(room)).toEqual(['live']);
}

async function expectExit4(act: () => Promise<unknown>): Promise<void> {
  const error = await act().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BackupError);
  const { kind, message, hint } = error as BackupError;
  expect(kind).toBe('invalid');
  expect(message).not.toBe('');
  expect(hint).toBeTruthy();
}
