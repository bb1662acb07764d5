/** Previous states: what a plain undo comes to, what a name goes to, what a discard leaves. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commit } from '../../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../../../src/state-dir/lock/lock.ts';
import { openStaging } from '../../../src/state-dir/staging/staging.ts';
import { discardUndo } from '../../../src/state-dir/undo/discard.ts';
import { listPrevious, type PreviousState } from '../../../src/state-dir/undo/previous-states.ts';
import { undoRestore } from '../../../src/state-dir/undo/undo.ts';
import { fillOld } from '../new-tree.ts';
import { pictureOf } from '../tree-picture.ts';

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'oxios-undo-'));
  dir = join(root, 'workspace');
  mkdirSync(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

async function restore(mode: 'replace' | 'merge', files: Record<string, string>, name = 'snapshot.tar.gz') {
  const lock = await acquireStateLock(dir, 'restore');
  try {
    const staging = await openStaging(lock);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(staging.tree, path, '..'), { recursive: true });
      writeFileSync(join(staging.tree, path), content);
    }
    const snapshot = { name, createdAt: '2026-11-22T10:15:30Z' };
    const { previousState } = await commit(staging, { mode, snapshot });
    return previousState ?? '';
  } finally {
    await lock.release();
  }
}

const live = () => (existsSync(join(dir, 'note')) ? readFileSync(join(dir, 'note'), 'utf8') : '');
const names = async () => (await listPrevious({ stateDir: dir })).map(({ name }) => name);

describe('state A, restored to 1, then to 5', () => {
  beforeEach(async () => {
    writeFileSync(join(dir, 'note'), 'A');
    await restore('replace', { note: '1' }, 'one.tar.gz');
    await restore('replace', { note: '5' }, 'five.tar.gz');
  });

  test('each undo goes further back, and says when there is nothing left', async () => {
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('1');
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('A');
    await expect(undoRestore({ stateDir: dir })).rejects.toMatchObject({
      code: 'NOTHING_TO_UNDO',
      hint: expect.stringContaining('listPrevious()'),
    });
    expect(live()).toBe('A');
  });

  test('the list shows what can be put back, and what replaced it', async () => {
    const [newest, oldest] = await listPrevious({ stateDir: dir });
    expect(newest).toMatchObject({
      kind: 'tree',
      by: 'restore',
      snapshot: { name: 'five.tar.gz' },
      undoable: true,
      original: false,
      bytes: 1,
    });
    expect(oldest).toMatchObject({ snapshot: { name: 'one.tar.gz' }, original: true });
    expect(newest?.path).toBe(`${dir}.replaced-${newest?.name}`);
  });

  test('a name goes straight to its state; a mistaken undo is put back, and can be undone again', async () => {
    const [, oldest = ''] = await names();
    const { previousState } = await undoRestore({ stateDir: dir, to: oldest });
    expect(live()).toBe('A');
    await expect(undoRestore({ stateDir: dir })).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
    await undoRestore({ stateDir: dir, to: previousState ?? '' });
    expect(live()).toBe('5');
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('A');
    await expect(undoRestore({ stateDir: dir, to: 'nothing' })).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
  });

  test('a restore after an undo begins anew; nothing is lost', async () => {
    await undoRestore({ stateDir: dir });
    await restore('replace', { note: '7' });
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('1');
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('A');
    const notes = (await listPrevious({ stateDir: dir })).map(({ path }) => readFileSync(join(path, 'note'), 'utf8'));
    expect(notes.sort()).toEqual(['1', '5', '7']);
  });

  test('a discard spares what was live before the first of them until it is asked to', async () => {
    const { discarded, spared } = await discardUndo({ stateDir: dir });
    expect(discarded).toHaveLength(1);
    expect(readFileSync(join(spared?.path ?? '', 'note'), 'utf8')).toBe('A');
    await expect(discardUndo({ stateDir: dir })).rejects.toMatchObject({
      code: 'NOTHING_TO_UNDO',
      hint: expect.stringContaining(`its name, ${spared?.name}`),
    });
    await undoRestore({ stateDir: dir });
    expect(live()).toBe('A');
    expect((await discardUndo({ stateDir: dir })).spared).toBeNull();
    expect(readdirSync(root)).toEqual(['workspace']);
  });

  test('a discard by name removes that one, and all of them all', async () => {
    const [newest = '', oldest = ''] = await names();
    await discardUndo({ stateDir: dir, names: [oldest] });
    expect(await names()).toEqual([newest]);
    await expect(discardUndo({ stateDir: dir, names: [newest], all: true })).rejects.toMatchObject({ code: 'USAGE' });
    await discardUndo({ stateDir: dir, all: true });
    expect(readdirSync(root)).toEqual(['workspace']);
    await expect(discardUndo({ stateDir: dir })).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
    await expect(undoRestore({ stateDir: dir })).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
  });
});

test('the one state that a single restore replaced goes with a plain discard', async () => {
  fillOld(dir);
  await restore('replace', { note: '1' });
  expect(await discardUndo({ stateDir: dir })).toMatchObject({ discarded: [{ original: true }], spared: null });
});

test('through merges in reverse order, and what hangs on a state goes with it', async () => {
  fillOld(dir);
  const before = pictureOf(dir);
  await restore('merge', { note: '1', 'sessions/both.json': '1' });
  await restore('merge', { note: '2', 'new/deep': '2' });
  const merged = pictureOf(dir);
  await restore('replace', { note: '3' });
  const [replaced = '', second = '', first = ''] = await names();
  const { steps, previousState } = await undoRestore({ stateDir: dir, to: first });
  expect(steps.map(({ name }) => name)).toEqual([replaced, second, first]);
  expect(pictureOf(dir)).toBe(before);
  // The way back: the tree that was live, or either merge.
  const [redoFirst = '', redoSecond = ''] = (await listPrevious({ stateDir: dir })).map(({ name }) => name);
  await undoRestore({ stateDir: dir, to: redoSecond });
  expect(pictureOf(dir)).toBe(merged);
  await undoRestore({ stateDir: dir, to: previousState ?? '' });
  expect(live()).toBe('3');
  expect(redoFirst).not.toBe(redoSecond);
  const [tree] = await listPrevious({ stateDir: dir });
  expect(tree?.kind).toBe('tree');
  const { discarded } = await discardUndo({ stateDir: dir, names: [tree?.name ?? ''] });
  expect(discarded.length).toBeGreaterThan(1);
  expect(readdirSync(root).filter((each) => each.includes('.merged-'))).toEqual([]);
});

test('a tree that somebody put there by hand counts, and one that was moved away does not', async () => {
  writeFileSync(join(dir, 'note'), 'A');
  await restore('replace', { note: '1' });
  mkdirSync(`${dir}.replaced-20200101_000000`);
  writeFileSync(join(`${dir}.replaced-20200101_000000`, 'note'), 'by hand');
  const [newest] = await listPrevious({ stateDir: dir });
  rmSync(newest?.path ?? '', { recursive: true });
  await undoRestore({ stateDir: dir });
  expect(live()).toBe('by hand');
});

test('whatever is restored and undone, each name goes to the state that it was given for', async () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('merge' as const), pick: fc.nat(5) }),
    fc.record({ act: fc.constant('replace' as const), pick: fc.nat(5) }),
    fc.record({ act: fc.constant('undo' as const), pick: fc.constant(0) }),
    fc.record({ act: fc.constant('to' as const), pick: fc.nat(9) }),
    fc.record({ act: fc.constant('discard' as const), pick: fc.nat(9) }),
  );
  const runs = process.env.OXIOS_TORTURE === '1' ? 500 : 12;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (acts) => {
      rmSync(root, { recursive: true });
      mkdirSync(dir, { recursive: true });
      fillOld(dir);
      // By number of the state, which nobody but this test and the history sees: the pictures of all that were live.
      const pictures = new Map<string, string>();
      let number = 0;
      const remember = (name: string | null) => name !== null && pictures.set(name, picture);
      let picture = pictureOf(dir);
      for (const { act, pick } of acts) {
        const kept: PreviousState[] = await listPrevious({ stateDir: dir });
        const wanted = act === 'undo' ? kept.find(({ undoable }) => undoable) : kept[pick % Math.max(1, kept.length)];
        if (act === 'merge' || act === 'replace') {
          const files = { [`sessions/${pick}.json`]: String(number), [`top-${pick % 2}`]: String(number++) };
          remember(await restore(act, files));
        } else if (wanted === undefined) {
          await expect(
            act === 'discard' ? discardUndo({ stateDir: dir }) : undoRestore({ stateDir: dir }),
          ).rejects.toMatchObject({
            code: 'NOTHING_TO_UNDO',
          });
        } else if (act === 'discard') {
          const { discarded } = await discardUndo({ stateDir: dir, names: [wanted.name] });
          for (const { path } of discarded) pictures.delete(path);
        } else {
          await goTo(wanted);
        }
        picture = pictureOf(dir);
        expect(new Set((await listPrevious({ stateDir: dir })).map(({ path }) => path))).toEqual(
          new Set(pictures.keys()),
        );
      }
      // At the end all that is kept can be reached.
      for (const wanted of await listPrevious({ stateDir: dir })) {
        const still = (await listPrevious({ stateDir: dir })).find(({ path }) => path === wanted.path);
        if (still !== undefined) await goTo(still);
      }

      /** Goes there and tells by the pictures which states the steps in between left. */
      async function goTo(wanted: PreviousState): Promise<void> {
        const expected = pictures.get(wanted.path);
        const known = new Set(pictures.keys());
        picture = pictureOf(dir);
        const { steps } = await undoRestore({ stateDir: dir, to: wanted.name });
        const displaced = (await listPrevious({ stateDir: dir }))
          .map(({ path }) => path)
          .filter((path) => !known.has(path));
        // Each step displaced what the one before it had put back, the newest last.
        const passed = [picture, ...steps.slice(0, -1).map(({ path }) => pictures.get(path) ?? '')];
        for (const { path } of steps) pictures.delete(path);
        for (const [index, path] of displaced.reverse().entries()) pictures.set(path, passed[index] ?? '');
        expect(pictureOf(dir)).toBe(expected);
        picture = pictureOf(dir);
      }
    }),
    { numRuns: runs },
  );
}, 3_600_000);
