/** Where names fold, a state directory is one under all of its spellings: its lock, what a killed run left, and its previous states. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commit } from '../../src/state-dir/commit/commit-tree.ts';
import { resolveTarget } from '../../src/state-dir/location.ts';
import { acquireStateLock, currentHolders } from '../../src/state-dir/lock/lock.ts';
import { recoverStateDir } from '../../src/state-dir/recover/recover.ts';
import { openStaging } from '../../src/state-dir/staging/staging.ts';
import { listPrevious } from '../../src/state-dir/undo/previous-states.ts';
import { undoRestore } from '../../src/state-dir/undo/undo.ts';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { fillNew, fillOld } from './new-tree.ts';
import { actWith, hasStrace } from './traced.ts';

const skip = whyNotLimited();
let disk: LimitedFileSystem;
let next = 0;

beforeAll(async () => {
  if (skip === null) disk = await mountApfsLike();
});
afterAll(async () => {
  if (skip === null) await disk.unmount();
});

/** A filled state directory by two spellings: as it is stored, and another. */
function spellings(): [string, string] {
  const parent = join(disk.directory, String(next++));
  mkdirSync(join(parent, 'State-é'), { recursive: true });
  fillOld(join(parent, 'State-é'));
  return [join(parent, 'State-é'), join(parent, 'STATE-e\u0301')];
}

const memory = (dir: string) => readFileSync(join(dir, 'memory.db'), 'utf8');

describe.skipIf(skip !== null)(`a state directory of two spellings (${skip ?? 'FUSE'})`, () => {
  test('is locked by one', async () => {
    const [stored, other] = spellings();
    const lock = await acquireStateLock(stored, 'restore');
    await expect(acquireStateLock(other, 'restore')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
    await lock.release();
  });

  test('is locked by one also before it is made, and then has one name', async () => {
    const [stored, other] = spellings();
    rmSync(stored, { recursive: true });
    // Both look before either has put its lock down.
    const late = resolveTarget(other);
    const lock = await acquireStateLock(stored, 'restore');
    expect(currentHolders(late)).toHaveLength(1);
    expect(resolveTarget(other).name).toBe('State-é');
    await expect(acquireStateLock(other, 'restore')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
    await lock.release();
  });

  test('has the previous states of one, and keeps its spelling', async () => {
    const [stored, other] = spellings();
    const lock = await acquireStateLock(other, 'restore');
    const staging = await openStaging(lock);
    fillNew(staging.tree);
    await commit(staging, { mode: 'replace' });
    await staging.discard();
    await lock.release();
    expect(readdirSync(join(stored, '..'))).toContain('State-é');
    expect(await listPrevious({ stateDir: stored })).toEqual(await listPrevious({ stateDir: other }));
    await undoRestore({ stateDir: stored });
    expect(memory(stored)).toContain('old');
  });

  test.skipIf(!hasStrace)('is recovered by the other, also while it is missing', async () => {
    const [stored, other] = spellings();
    // The second rename onto it: the old tree is away, the new one is still to come.
    const kept = () => readdirSync(join(stored, '..')).some((name) => name.includes('.replaced-'));
    for (let n = 1; !(kept() && !existsSync(stored)); n++) {
      expect(n).toBeLessThan(12);
      if (kept()) throw new Error('it was killed too late');
      await actWith(`rename:signal=KILL:when=${n}`, ['commit', stored, 'replace']);
      if (!kept()) await recoverStateDir({ stateDir: stored });
    }
    expect(await recoverStateDir({ stateDir: other })).toMatchObject({ outcome: 'finished', stateDir: stored });
    expect(memory(stored)).toContain('new');
    renameSync(stored, `${stored}-away`);
    expect(await listPrevious({ stateDir: other })).toHaveLength(1);
  });
});
