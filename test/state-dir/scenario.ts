import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { commit } from '../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../../src/state-dir/lock/lock.ts';
import { recoverStateDir } from '../../src/state-dir/recover/recover.ts';
import { openStaging } from '../../src/state-dir/staging/staging.ts';
import { listPrevious } from '../../src/state-dir/undo/previous-states.ts';
import { undoRestore } from '../../src/state-dir/undo/undo.ts';
import { unmount } from '../file-systems/unmount.ts';
import { TEST_FOLDER } from '../test-folder.ts';
import { fillBrought, fillNew, fillOld, NEW_TOP } from './new-tree.ts';
import { act } from './traced.ts';
import { pictureOf } from './tree-picture.ts';

/** `volume`: by rename, and another file system is mounted in the state directory. */
export type Strategy = 'rename' | 'children' | 'volume';

export interface Scenario {
  name: string;
  strategy: Strategy;
  before: 'missing' | 'empty' | 'content';
  /** Restores first, so that there is something to undo. */
  restoredBefore?: 'replace' | 'merge';
  /** What the actor is told, the state directory aside. */
  verb: 'commit' | 'undo';
  mode?: 'create' | 'replace' | 'merge';
}

/** Why the state directory cannot be a mount point here; null if it can. */
export const noMounts = ((): string | null => {
  const probe = mkdtempSync(join(TEST_FOLDER, 'oxios-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'none', probe]);
  if (mounted.status === 0) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted.status === 0 ? null : `mounting a tmpfs failed: ${mounted.stderr ?? mounted.error}`;
})();

/** A state directory that is an ordinary one, or a mount point. */
export class Ground {
  readonly root = mkdtempSync(join(TEST_FOLDER, 'oxios-commit-'));
  readonly dir = join(this.root, 'workspace');
  readonly strategy: Strategy;

  constructor(strategy: Strategy) {
    this.strategy = strategy;
    const mounted = this.mounted();
    if (mounted === null) return;
    mkdirSync(mounted, { recursive: true });
    const { status } = spawnSync('mount', ['-t', 'tmpfs', 'none', mounted]);
    if (status !== 0) throw new Error('mount failed');
  }

  private mounted(): string | null {
    return { rename: null, children: this.dir, volume: join(this.dir, 'sessions') }[this.strategy];
  }

  /** Everything away that a case left, but for the mount point. */
  clear(base = this.root): void {
    const mounted = this.mounted();
    for (const name of readdirSync(base)) {
      const path = join(base, name);
      if (mounted === path || mounted?.startsWith(`${path}/`)) this.clear(path);
      else rmSync(path, { recursive: true });
    }
  }

  async prepare(scenario: Scenario): Promise<void> {
    this.clear();
    // The top of a volume stays from case to case, and with it what the case before made of it.
    if (this.strategy === 'volume') chmodSync(join(this.dir, 'sessions'), 0o755);
    if (scenario.before !== 'missing') mkdirSync(this.dir, { recursive: true });
    if (scenario.before === 'empty') {
      // A mount point stays from case to case, and with it what the case before made of it.
      chmodSync(this.dir, 0o755);
      utimesSync(this.dir, 1_500_000_000, 1_500_000_000);
    }
    if (scenario.before === 'content') fillOld(this.dir);
    if (scenario.restoredBefore !== undefined) await this.restore(scenario.restoredBefore);
  }

  private async restore(mode: 'replace' | 'merge'): Promise<void> {
    const lock = await acquireStateLock(this.dir, 'restore');
    const staging = await openStaging(lock);
    if (mode === 'merge') fillBrought(staging.tree);
    else fillNew(staging.tree);
    await commit(staging, { mode, top: NEW_TOP });
    await staging.discard();
    await lock.release();
  }

  args(scenario: Scenario): string[] {
    return scenario.mode === undefined ? [scenario.verb, this.dir] : [scenario.verb, this.dir, scenario.mode];
  }

  /** The state. The mount point's own time is left out: making the reserved directory in it cannot but change it for a moment. */
  picture(dir = this.dir): string {
    const picture = pictureOf(dir);
    if (this.strategy === 'volume') return picture.replace(/^(\.\/sessions \d+) -?\d+/m, '$1');
    return this.strategy === 'rename' ? picture : picture.replace(/^(\. \d+) -?\d+/, '$1');
  }

  /** Names of ours that should not be left once a run or a recovery is over. */
  leftovers(): string[] {
    const beside = readdirSync(this.root).filter((name) => name.startsWith('.') && !name.endsWith('.history'));
    const mounted = this.mounted();
    const inside = mounted === null ? [] : reservedNames(mounted);
    return [...beside, ...inside.filter((name) => !/^(?:outer-)?(?:replaced|merged)-|^history$/.test(name))];
  }

  dispose(): void {
    const mounted = this.mounted();
    if (mounted !== null) unmount(mounted);
    rmSync(this.root, { recursive: true });
  }
}

function reservedNames(dir: string): string[] {
  try {
    return readdirSync(join(dir, '.oxios-backup'));
  } catch {
    return [];
  }
}

export interface Pictures {
  before: string;
  after: string;
}

/** What the scenario begins with and what it ends with, when nothing happens to it. */
export async function picturesOf(ground: Ground, scenario: Scenario): Promise<Pictures> {
  await ground.prepare(scenario);
  const before = ground.picture();
  expect(await act(ground.args(scenario))).toMatchObject({ ok: true });
  expect(ground.leftovers()).toEqual([]);
  return { before, after: ground.picture() };
}

/** Recovers, and holds the result to the promise: the old tree or the new one, and nothing left over. */
export async function expectWhole(ground: Ground, scenario: Scenario, pictures: Pictures): Promise<void> {
  const report = await recoverStateDir({ stateDir: ground.dir });
  const live = ground.picture();
  if (report.outcome === 'finished') expect(live).toBe(pictures.after);
  else if (report.outcome === 'rolled-back') expect(live).toBe(pictures.before);
  else expect([pictures.before, pictures.after]).toContain(live);
  expect(report.movedAside).toEqual([]);
  expect(ground.leftovers()).toEqual([]);
  expect((await recoverStateDir({ stateDir: ground.dir })).outcome).toBe('clean');
  if (live === pictures.after && scenario.before === 'content') {
    const [kept] = await listPrevious({ stateDir: ground.dir });
    expect(kept).toBeDefined();
    await undoRestore({ stateDir: ground.dir, to: kept?.name ?? '' });
    expect(ground.picture()).toBe(pictures.before);
  }
}
