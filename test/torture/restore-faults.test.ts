import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, recoverStateDir, StateStore } from 'oxios-backup';
import { expect, test } from 'vitest';
import { compareTrees, readTree, type TreeNode } from '../../fixtures/compare-trees.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';
import { CaseCounter, sampleOf } from './case-counter.ts';
import { act, actWith, callsOf, faultsOf, hasStrace } from './faults.ts';

const room = new TempDir();
const state = room.path('state');
const snapshot = room.path('snapshot.tar.gz');
const folder = room.path('live');
const live = join(folder, 'workspace');

function layOut(mode: 'create' | 'replace'): void {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  if (mode === 'create') return;
  fs.mkdirSync(join(live, 'seeds'), { recursive: true });
  fs.writeFileSync(join(live, 'seeds/mine.json'), '{}');
}

function liveTree(): Map<string, TreeNode> {
  if (!fs.existsSync(live)) return new Map();
  // Where a tree is kept when it cannot be kept beside: a folder of ours, and no part of the state.
  return new Map([...readTree(live)].filter(([path]) => path.split('/')[0] !== '.oxios-backup'));
}

/** What stands beside the state directory and not for people; the list of previous states is to stand there. */
function leftBeside(): string[] {
  return fs.readdirSync(folder).filter((name) => name.startsWith('.') && !name.endsWith('.oxios-backup.history'));
}

for (const mode of ['create', 'replace'] as const) {
  test.skipIf(!hasStrace)(`restore (${mode}): every call fails in turn, or is the last`, async (context) => {
    const counter = new CaseCounter(
      context,
      `restore (${mode}), each system call failing or the last: the new tree, or the old one`,
    );
    if (!fs.existsSync(state)) {
      buildSmallTree(state);
      fs.writeFileSync(join(state, 'large.bin'), noise(2_200_000, 1));
      await createBackup(new StateStore(state), snapshot);
    }
    const wanted = readTree(state);
    const args = ['restore', snapshot, live, mode];
    layOut(mode);
    const calls = await callsOf(room.root, args);
    expect(calls.length).toBeGreaterThan(50);
    for (const fault of sampleOf(faultsOf(calls), 10)) {
      layOut(mode);
      const before = liveTree();
      const same = (expected: Map<string, TreeNode>) => compareTrees(expected, liveTree()).length === 0;
      await counter.case(fault, async () => {
        const outcome = await actWith(fault, args);
        if (outcome.kind === 'done') {
          expect(compareTrees(wanted, liveTree())).toEqual([]);
        } else if (outcome.kind === 'failed' && outcome.errorKind !== 'interrupted') {
          expect(outcome.name).toBe('BackupError');
          expect(compareTrees(before, liveTree())).toEqual([]);
        } else {
          await recoverStateDir({ stateDir: live });
          expect(same(before) || same(wanted)).toBe(true);
        }
        // Whatever is left besides the tree that was replaced, the next run clears: of a run that was done, a lock or a journal that
        // could not be removed.
        const isLeft = leftBeside().length > 0;
        if (outcome.kind === 'done' && isLeft) {
          await recoverStateDir({ stateDir: live });
          expect(compareTrees(wanted, liveTree())).toEqual([]);
        }
        if (outcome.kind !== 'done') {
          const again = same(wanted) ? 'replace' : mode;
          expect(await act(['restore', snapshot, live, again])).toMatchObject({ kind: 'done', complete: true });
          expect(compareTrees(wanted, liveTree())).toEqual([]);
        }
        expect(leftBeside()).toEqual([]);
      });
    }
    counter.finish();
  });
}
