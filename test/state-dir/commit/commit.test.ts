import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackupEvent } from '../../../src/events.ts';
import { commit } from '../../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock, type StateLock } from '../../../src/state-dir/lock/lock.ts';
import { assertRecovered, needsRecovery } from '../../../src/state-dir/recover/needs-recovery.ts';
import { recoverStateDir } from '../../../src/state-dir/recover/recover.ts';
import { openStaging, type Staging } from '../../../src/state-dir/staging/staging.ts';
import { discardUndo } from '../../../src/state-dir/undo/discard.ts';
import { undoRestore } from '../../../src/state-dir/undo/undo.ts';
import { AS_NOBODY, canBeNobody } from '../../nobody.ts';
import { TEST_FOLDER } from '../../test-folder.ts';
import { ACTOR } from '../actor-program.ts';
import { fillNew, fillOld, NEW_TOP } from '../new-tree.ts';
import { Ground, noMounts } from '../scenario.ts';
import { act, actWith, callsOf, hasStrace } from '../traced.ts';
import { pictureOf } from '../tree-picture.ts';

let root: string;
let dir: string;
let lock: StateLock | undefined;

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-commit-'));
  dir = join(root, 'workspace');
  lock = undefined;
});
afterEach(async () => {
  await lock?.release();
  rmSync(root, { recursive: true });
});

async function staged(at = dir): Promise<Staging> {
  lock = await acquireStateLock(at, 'restore', { makeParents: true });
  const staging = await openStaging(lock);
  fillNew(staging.tree);
  return staging;
}

test('a symbolic link to the state directory stays, and the directory behind it is replaced', async () => {
  mkdirSync(join(root, 'real/place'), { recursive: true });
  fillOld(join(root, 'real/place'));
  symlinkSync('real/place', dir);
  const { previousState } = await commit(await staged(), { mode: 'replace', top: NEW_TOP });
  expect(lstatSync(dir).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('new database');
  expect(previousState).toMatch(/real\/place\.replaced-\d{8}_\d{6}$/);
});

test('a dangling link is followed to where the directory belongs', async () => {
  symlinkSync('later/place', dir);
  await commit(await staged(), { mode: 'create' });
  expect(lstatSync(dir).isSymbolicLink()).toBe(true);
  await lock?.release();
  expect(readdirSync(join(root, 'later'))).toEqual(['place']);
});

test('the top gets its mode and its time to the nanosecond', async () => {
  await commit(await staged(), { mode: 'create', top: NEW_TOP });
  const stats = statSync(dir, { bigint: true });
  expect(Number(stats.mode & 0o7777n)).toBe(NEW_TOP.mode);
  expect(stats.mtimeNs).toBe(NEW_TOP.mtimeNs);
});

test('create refuses content, at the start and right before the swap', async () => {
  mkdirSync(dir);
  const staging = await staged();
  writeFileSync(join(dir, 'came-meanwhile'), '');
  await expect(commit(staging, { mode: 'create' })).rejects.toMatchObject({
    code: 'TARGET_NOT_EMPTY',
    message: 'something was put into the state directory while it was being restored',
    // Whoever works there by now is not to be replaced.
    hint: expect.not.stringContaining('replace'),
  });
  await staging.discard();
  expect(readdirSync(dir)).toEqual(['came-meanwhile']);
  await lock?.release();
  await expect(commit(await staged(), { mode: 'create' })).rejects.toMatchObject({ code: 'TARGET_NOT_EMPTY' });
});

test('another directory under the same name is not what was looked at', async () => {
  mkdirSync(dir);
  fillOld(dir);
  const staging = await staged();
  rmSync(dir, { recursive: true });
  mkdirSync(join(root, 'x'));
  mkdirSync(dir);
  fillOld(dir);
  const before = pictureOf(dir);
  await expect(commit(staging, { mode: 'replace' })).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' });
  await staging.discard();
  expect(pictureOf(dir)).toBe(before);
});

test('an abort before the swap changes nothing', async () => {
  mkdirSync(dir);
  fillOld(dir);
  const before = pictureOf(dir);
  const abort = new AbortController();
  const staging = await staged();
  const onEvent = (event: BackupEvent) => event.type === 'phase' && event.phase === 'sync' && abort.abort();
  const committed = commit(staging, { mode: 'replace', signal: abort.signal, onEvent });
  await expect(committed).rejects.toMatchObject({ code: 'ABORTED' });
  await staging.discard();
  await lock?.release();
  expect(pictureOf(dir)).toBe(before);
  expect(readdirSync(root)).toEqual(['workspace']);
});

test('what dead runs left is named and cleared; half-removed trees do not pass for kept ones', async () => {
  mkdirSync(join(root, '.workspace.oxios-backup.staging-0123456789abcdef/deep'), { recursive: true });
  mkdirSync(join(root, '.workspace.oxios-backup.trash-0123456789abcdef'));
  writeFileSync(join(root, '.workspace.oxios-backup.journal.tmp'), '{');
  const said: BackupEvent[] = [];
  lock = await acquireStateLock(dir, 'restore');
  const staging = await openStaging(lock, { onEvent: (event) => said.push(event) });
  expect(said.map((event) => event.type === 'notice' && event.path)).toEqual([
    join(root, '.workspace.oxios-backup.staging-0123456789abcdef'),
    join(root, '.workspace.oxios-backup.trash-0123456789abcdef'),
  ]);
  await staging.discard();
  await lock.release();
  expect(readdirSync(root)).toEqual([]);
});

describe.skipIf(!hasStrace)('interrupted between the renames', () => {
  /** Kills a replace when the old tree is away and the new one not yet there. */
  async function interrupted(): Promise<{ old: string }> {
    mkdirSync(dir);
    fillOld(dir);
    const old = pictureOf(dir);
    const { calls } = await callsOf(['rename'], root, ['commit', dir, 'replace']);
    await undoRestore({ stateDir: dir });
    await discardUndo({ stateDir: dir });
    const last = calls.findLast(({ text }) => text.includes('.staging-'));
    expect((await actWith(`rename:signal=KILL:when=${last?.n}`, ['commit', dir, 'replace'])).killed).toBe(true);
    expect(existsSync(dir)).toBe(false);
    return { old };
  }

  test('every other command refuses until it is recovered', async () => {
    await interrupted();
    expect(await needsRecovery(dir)).toMatchObject({ operation: 'restore', startedAt: expect.any(Date) });
    await expect(assertRecovered(dir, null)).rejects.toMatchObject({
      code: 'NEEDS_RECOVERY',
      kind: 'interrupted',
      hint: 'Run: `recoverStateDir()`',
    });
    for (const verb of ['undo', 'discard']) {
      expect(await act([verb, dir])).toMatchObject({ ok: false, code: 'NEEDS_RECOVERY' });
    }
    expect(await act(['commit', dir, 'create'])).toMatchObject({ ok: false, code: 'NEEDS_RECOVERY' });
    expect(await recoverStateDir({ stateDir: dir })).toMatchObject({ outcome: 'finished', operation: 'restore' });
    expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('new database');
    expect(await needsRecovery(dir)).toBeNull();
    await assertRecovered(dir, null);
  });

  test('what Oxios made there meanwhile is moved aside, never mixed in or lost', async () => {
    const { old } = await interrupted();
    mkdirSync(dir);
    writeFileSync(join(dir, 'memory.db-wal'), 'of a third tree');
    const report = await recoverStateDir({ stateDir: dir });
    expect(report.outcome).toBe('finished');
    expect(readdirSync(dir)).toEqual(['memory.db', 'only-new.md', 'sessions']);
    expect(readFileSync(join(report.movedAside[0] ?? '', 'memory.db-wal'), 'utf8')).toBe('of a third tree');
    await undoRestore({ stateDir: dir });
    expect(pictureOf(dir)).toBe(old);
  });

  test('a journal that cannot be understood is left alone', async () => {
    await interrupted();
    const journal = join(root, '.workspace.oxios-backup.journal');
    const text = readFileSync(journal, 'utf8');
    for (const bad of ['', '{}', text.replace('"format":1', '"format":2'), text.replace('staging-', '../staging-')]) {
      writeFileSync(journal, bad);
      await expect(recoverStateDir({ stateDir: dir })).rejects.toMatchObject({ code: 'NEEDS_RECOVERY', path: journal });
      expect(existsSync(dir)).toBe(false);
    }
    writeFileSync(journal, text);
    expect((await recoverStateDir({ stateDir: dir })).outcome).toBe('finished');
  });
});

describe.skipIf(noMounts !== null)('at a mount point', () => {
  let ground: Ground;
  beforeEach(() => {
    ground = new Ground('children');
  });
  afterEach(async () => {
    // Without /proc it is an open file, which would keep the mount busy.
    await lock?.release();
    ground.dispose();
  });

  test('what the file system keeps there stays; all of ours goes with the lock', async () => {
    const top = { ...NEW_TOP, mtimeNs: 1_700_000_000_123_456_000n };
    mkdirSync(join(ground.dir, 'lost+found'));
    const staging = await staged(ground.dir);
    expect(staging).toMatchObject({ strategy: 'children', found: { kind: 'empty' } });
    await commit(staging, { mode: 'create', top });
    await lock?.release();
    expect(readdirSync(ground.dir)).toEqual(['lost+found', 'memory.db', 'only-new.md', 'sessions']);
    expect(readdirSync(ground.root)).toEqual(['workspace']);
    // To the microsecond: finer times are not set everywhere.
    expect(statSync(ground.dir, { bigint: true }).mtimeNs / 1000n).toBe(top.mtimeNs / 1000n);
  });

  test('the kept tree is an ordinary directory inside, with the attributes of the old top', async () => {
    fillOld(ground.dir);
    const before = pictureOf(ground.dir);
    const { previousState } = await commit(await staged(ground.dir), { mode: 'replace', top: NEW_TOP });
    expect(previousState).toContain('/workspace/.oxios-backup/replaced-');
    expect(pictureOf(previousState ?? '')).toBe(before);
  });

  test.skipIf(!hasStrace)('killed half-way, strangers among the children go aside', async () => {
    fillOld(ground.dir);
    const before = ground.picture();
    const { calls } = await callsOf(['rename'], ground.root, ['commit', ground.dir, 'replace']);
    await undoRestore({ stateDir: ground.dir });
    await discardUndo({ stateDir: ground.dir });
    const secondOut = calls.filter(({ text }) => text.includes('/replaced-'))[1];
    await actWith(`rename:signal=KILL:when=${secondOut?.n}`, ['commit', ground.dir, 'replace']);
    writeFileSync(join(ground.dir, 'stranger.db-wal'), '');
    const report = await recoverStateDir({ stateDir: ground.dir });
    expect(report).toMatchObject({ outcome: 'rolled-back', previousState: null });
    expect(ground.picture()).toBe(before);
    expect(readdirSync(report.movedAside[0] ?? '')).toEqual(['stranger.db-wal']);
  });
});

describe.skipIf(!canBeNobody)('as a user who may not write to the parent', () => {
  const asNobody = async (args: string[]) => {
    const [command, ...options] = AS_NOBODY;
    const { stdout } = await execa(command, [...options, process.execPath, ACTOR, ...args], { reject: false });
    return JSON.parse(stdout);
  };

  beforeEach(() => {
    chmodSync(root, 0o755);
    mkdirSync(dir);
    writeFileSync(join(dir, 'old'), '');
    mkdirSync(join(dir, 'fixed'));
    for (const path of [dir, join(dir, 'old'), join(dir, 'fixed')]) chownSync(path, 65534, 65534);
  });

  test('everything lies inside, and undo and discard find it', async () => {
    const { result } = await asNobody(['commit', dir, 'replace']);
    expect(result.previousState).toContain('/workspace/.oxios-backup/replaced-');
    expect(readdirSync(root)).toEqual(['workspace']);
    expect(await asNobody(['undo', dir])).toMatchObject({ ok: true });
    expect(readdirSync(dir)).toEqual(['.oxios-backup', 'fixed', 'old']);
    expect(await asNobody(['discard', dir])).toMatchObject({ ok: true });
    expect(readdirSync(dir)).toEqual(['fixed', 'old']);
  });

  test('a child that cannot be moved is known before any is', async () => {
    // Another one's: it cannot be made writable either.
    chownSync(join(dir, 'fixed'), 0, 0);
    const before = pictureOf(dir);
    expect(await asNobody(['commit', dir, 'replace'])).toMatchObject({ ok: false, code: 'PERMISSION' });
    expect(pictureOf(dir)).toBe(before);
    expect(readdirSync(dir)).toEqual(['fixed', 'old']);
  });

  test('a missing state directory cannot be made there', async () => {
    expect(await asNobody(['commit', join(root, 'missing'), 'create'])).toMatchObject({
      ok: false,
      code: 'PERMISSION',
    });
    expect(readdirSync(root)).toEqual(['workspace']);
  });

  test('root honours a lock that lies inside', async () => {
    const [command, ...options] = AS_NOBODY;
    const holder = execa(command, [...options, process.execPath, ACTOR, 'hold', dir], { reject: false });
    await once(holder.stdout, 'data');
    await expect(acquireStateLock(dir, 'restore')).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
    holder.kill('SIGKILL');
    await holder;
    lock = await acquireStateLock(dir, 'restore');
    expect(lock.location.strategy).toBe('rename');
    expect(readdirSync(dir)).toEqual(['fixed', 'old']);
  });
});

describe.skipIf(!hasStrace)('the order on disk', () => {
  const SYNCS = 'rename,fsync,syncfs,unlink';

  async function trace(injection: string[]): Promise<string[]> {
    const log = join(root, 'log');
    const options = ['-f', '-qq', '-y', '-o', log, '-e', `trace=${SYNCS}`, ...injection];
    await execa('strace', [...options, process.execPath, ACTOR, 'commit', dir, 'replace']);
    return readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(root) && !line.includes('.lock-'))
      .map((line) =>
        line
          .replace(/^\d+ +/, '')
          .replaceAll(root, '')
          .replace(/-[0-9a-f]{16}|-\d{8}_\d{6}/g, ''),
      );
  }

  test('tree, journal, renames, journal removed: each durable before the next', async () => {
    mkdirSync(dir);
    fillOld(dir);
    const calls = (await trace([])).map((line) => line.replace(/\d+<(.*)>\) .*/, '<$1>)').replace(/ = 0$/, ''));
    const staging = '/.workspace.oxios-backup.staging';
    expect(calls).toEqual([
      `syncfs(<${staging}>)`,
      'fsync(</.workspace.oxios-backup.journal.tmp>)',
      'rename("/.workspace.oxios-backup.journal.tmp", "/.workspace.oxios-backup.journal")',
      'fsync(<>)',
      'rename("/workspace", "/workspace.replaced")',
      `rename("${staging}", "/workspace")`,
      'fsync(<>)',
      'fsync(</.workspace.oxios-backup.history.tmp>)',
      'rename("/.workspace.oxios-backup.history.tmp", "/.workspace.oxios-backup.history")',
      'fsync(<>)',
      'unlink("/.workspace.oxios-backup.journal")',
      'fsync(<>)',
    ]);
  });

  test('where the file system reports an error, every file and directory is asked for itself', async () => {
    mkdirSync(dir);
    fillOld(dir);
    const calls = await trace(['-e', 'inject=syncfs:error=EIO']);
    const asked = calls.filter((line) => line.startsWith('fsync') && line.includes('.staging'));
    // Several at once: in what order they end is the disk's affair.
    expect(asked.map((line) => /staging([^>]*)>/.exec(line)?.[1]).sort()).toEqual([
      '',
      '/memory.db',
      '/only-new.md',
      '/sessions',
      '/sessions/both.json',
    ]);
  });
});
