/** What cannot be removed (mounts, immutable files) is found before anything moves, and never keeps anything else from being done. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackupEvent } from '../../../src/events.ts';
import { commit } from '../../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../../../src/state-dir/lock/lock.ts';
import { recoverStateDir } from '../../../src/state-dir/recover/recover.ts';
import { openStaging } from '../../../src/state-dir/staging/staging.ts';
import { discardUndo } from '../../../src/state-dir/undo/discard.ts';
import { listPrevious } from '../../../src/state-dir/undo/previous-states.ts';
import { undoRestore } from '../../../src/state-dir/undo/undo.ts';
import { noImmutable } from '../../system/immutable.ts';
import { TEST_FOLDER } from '../../test-folder.ts';
import { fillNew, fillOld } from '../new-tree.ts';
import { Ground, noMounts } from '../scenario.ts';

let root: string;
let dir: string;
const TRASH = '.workspace.oxios-backup.trash-0123456789abcdef';

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-obstacles-'));
  dir = join(root, 'workspace');
  mkdirSync(dir);
  fillOld(dir);
});
afterEach(() => {
  unmountBelow(root);
  spawnSync('chattr', ['-R', '-f', '-i', '-a', root]);
  rmSync(root, { recursive: true });
});

/** Also where no /proc tells of mounts: by the device of each directory. */
function unmountBelow(top: string): void {
  const { stdout } = spawnSync('find', [top, '-xdev', '-type', 'd', '-printf', '%D %p\\n'], { encoding: 'utf8' });
  const directories = stdout.split('\n').map((line) => line.split(' '));
  for (const [device, path] of directories) {
    if (path !== undefined && device !== directories[0]?.[0]) spawnSync('umount', [path]);
  }
}

async function replace(onEvent: (event: BackupEvent) => void = () => {}): Promise<void> {
  const lock = await acquireStateLock(dir, 'restore');
  const staging = await openStaging(lock, { onEvent });
  fillNew(staging.tree);
  await commit(staging, { mode: 'replace', onEvent });
  await staging.discard();
  await lock.release();
}

const kept = async () => (await listPrevious({ stateDir: dir })).map(({ path }) => path);

describe.skipIf(noMounts !== null)(`something is mounted in the old tree${noMounts ?? ''}`, () => {
  beforeEach(() => {
    mkdirSync(join(dir, 'volume'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(dir, 'volume')]);
    writeFileSync(join(dir, 'volume/precious'), 'x');
  });

  test('discard finds it before it moves the tree; everything else goes on', async () => {
    await replace();
    const [old = ''] = await kept();
    await expect(discardUndo({ stateDir: dir })).rejects.toMatchObject({
      code: 'PERMISSION',
      message: `the previous state cannot be deleted: something is mounted at ${old}/volume`,
      hint: expect.stringContaining(`umount ${old}/volume`),
    });
    expect(await kept()).toEqual([old]);
    expect(readdirSync(join(old, 'sessions'))).toEqual(['both.json', 'only-old.json']);
    expect((await recoverStateDir({ stateDir: dir })).outcome).toBe('clean');
    await undoRestore({ stateDir: dir });
    expect(readFileSync(join(dir, 'volume/precious'), 'utf8')).toBe('x');
    await replace();
    expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('new database');
  });

  test('an undo says where the volume of the live tree is now', async () => {
    await replace();
    const { previousState: replaced } = await undoRestore({ stateDir: dir });
    const said: BackupEvent[] = [];
    const { previousState } = await undoRestore({
      stateDir: dir,
      to: replaced ?? '',
      onEvent: (event) => said.push(event),
    });
    expect(said).toContainEqual({
      type: 'notice',
      path: join(dir, 'volume'),
      message: `was mounted there; it is still mounted, now below ${previousState}`,
    });
  });

  test('of a tree that was being removed the volume stays, and is named', async () => {
    execFileSync('umount', [join(dir, 'volume')]);
    mkdirSync(join(root, TRASH, 'volume'), { recursive: true });
    writeFileSync(join(root, TRASH, 'file'), '');
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(root, TRASH, 'volume')]);
    writeFileSync(join(root, TRASH, 'volume/precious'), 'x');
    const said: BackupEvent[] = [];
    await replace((event) => said.push(event));
    expect(said).toContainEqual({
      type: 'notice',
      path: join(root, TRASH),
      message: `could not be deleted: something is mounted at ${join(root, TRASH, 'volume')}`,
    });
    expect(readdirSync(join(root, TRASH))).toEqual(['volume']);
    expect(await recoverStateDir({ stateDir: dir })).toMatchObject({ outcome: 'clean', cleared: [] });
    await undoRestore({ stateDir: dir });
    expect(await discardUndo({ stateDir: dir })).toMatchObject({ discarded: [expect.anything()] });
    expect(readFileSync(join(root, TRASH, 'volume/precious'), 'utf8')).toBe('x');
    execFileSync('umount', [join(root, TRASH, 'volume')]);
    expect(await recoverStateDir({ stateDir: dir })).toMatchObject({ cleared: [join(root, TRASH)] });
  });
});

describe.skipIf(noMounts !== null)(`in a state directory that is a mount point${noMounts ?? ''}`, () => {
  test('a child that is a mount point is known before any is moved', async () => {
    const ground = new Ground('children');
    fillOld(ground.dir);
    mkdirSync(join(ground.dir, 'volume'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(ground.dir, 'volume')]);
    const before = ground.picture();
    const lock = await acquireStateLock(ground.dir, 'restore');
    const staging = await openStaging(lock);
    fillNew(staging.tree);
    await expect(commit(staging, { mode: 'replace' })).rejects.toMatchObject({
      message: expect.stringContaining(`something is mounted at ${join(ground.dir, 'volume')}`),
    });
    await staging.discard();
    await lock.release();
    expect(ground.picture()).toBe(before);
    execFileSync('umount', [join(ground.dir, 'volume')]);
    ground.dispose();
  });
});

describe.skipIf(noImmutable !== null)(`something in the old tree is immutable${noImmutable ?? ''}`, () => {
  test('discard finds it before it moves the tree; everything else goes on', async () => {
    execFileSync('chattr', ['+i', join(dir, 'sessions/only-old.json')]);
    await replace();
    const [old = ''] = await kept();
    await expect(discardUndo({ stateDir: dir })).rejects.toMatchObject({
      code: 'PERMISSION',
      message: `the previous state cannot be deleted: ${old}/sessions/only-old.json is immutable`,
    });
    expect(await kept()).toEqual([old]);
    expect(existsSync(join(old, 'memory.db'))).toBe(true);
    await undoRestore({ stateDir: dir });
    expect((await recoverStateDir({ stateDir: dir })).outcome).toBe('clean');
    await replace();
  });

  test('what shows only when it is removed stays under a name that is in nobody’s way', async () => {
    execFileSync('chattr', ['+a', join(dir, 'sessions/only-old.json')]);
    await replace();
    await expect(discardUndo({ stateDir: dir })).rejects.toMatchObject({
      code: 'PARTLY_DONE',
      hint: expect.stringContaining('chattr -i -a'),
    });
    expect(await kept()).toEqual([]);
    const said: BackupEvent[] = [];
    await replace((event) => said.push(event));
    const message = expect.stringMatching(/^could not be deleted: .*\/sessions\/only-old.json is immutable/);
    expect(said).toContainEqual(expect.objectContaining({ type: 'notice', message }));
    await undoRestore({ stateDir: dir });
    expect(await recoverStateDir({ stateDir: dir })).toMatchObject({ outcome: 'clean', cleared: [] });
    spawnSync('chattr', ['-R', '-f', '-a', root]);
    expect((await recoverStateDir({ stateDir: dir })).cleared).toHaveLength(1);
  });

  test('a state directory that is itself immutable is not touched', async () => {
    execFileSync('chattr', ['+i', dir]);
    await expect(replace()).rejects.toMatchObject({ code: 'PERMISSION', hint: expect.stringContaining(dir) });
    expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('old database');
    expect(readdirSync(root).filter((name) => name.includes('journal'))).toEqual([]);
  });
});
