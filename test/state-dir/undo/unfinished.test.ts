/** An undo of several steps that ended between two of them, killed or by an error: what is said, and that it goes on. */
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { listPrevious, recoverStateDir, restoreSnapshot, undoRestore } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { lastJson, MAIN, Workbench } from '../../cli/command-line.ts';
import { hasStrace } from '../traced.ts';

const bench = new Workbench();
const RESTORES = 3;

/** A state directory over which three snapshots were merged, one after the other; then its note says 3. */
beforeAll(async () => {
  const note = (home: string, text: string) => {
    mkdirSync(bench.path(home, 'state/sessions'), { recursive: true });
    writeFileSync(bench.path(home, 'state/sessions/note'), text);
  };
  note('origin', '0');
  for (let i = 1; i <= RESTORES; i++) {
    note(`home-${i}`, String(i));
    await bench.run(['create', `${i}.tar.gz`, '--state-dir', `home-${i}/state`]);
    await restoreSnapshot({ stateDir: bench.path('origin/state'), snapshot: bench.path(`${i}.tar.gz`), mode: 'merge' });
  }
});

function home(): { state: string; note: () => string } {
  const copy = bench.fresh('home');
  cpSync(bench.path('origin'), copy, { recursive: true });
  const state = join(copy, 'state');
  return { state, note: () => readFileSync(join(state, 'sessions/note'), 'utf8') };
}

const oldest = async (stateDir: string) => (await listPrevious({ stateDir })).at(-1)?.name ?? '';

test('an error names how far it came; so does the list, and a recovery', async () => {
  const { state, note } = home();
  const [, middle] = await listPrevious({ stateDir: state });
  const record = join(middle?.path ?? '', 'record.jsonl');
  renameSync(record, `${record}.away`);
  const to = await oldest(state);
  await expect(undoRestore({ stateDir: state, to })).rejects.toMatchObject({
    message: expect.stringContaining(`(1 of the 3 steps to ${to} are done)`),
  });
  expect(note()).toBe('2');
  const unfinishedUndo = { done: 1, steps: 3, liveReplacedAt: expect.any(Date) };
  const listed = await listPrevious({ stateDir: state });
  expect(listed.filter((each) => each.unfinishedUndo !== null)).toMatchObject([{ name: to, unfinishedUndo }]);
  expect(await recoverStateDir({ stateDir: state })).toMatchObject({
    outcome: 'clean',
    unfinishedUndo: { name: to, unfinishedUndo },
  });
  renameSync(`${record}.away`, record);
  await undoRestore({ stateDir: state, to });
  expect(note()).toBe('0');
  expect(await recoverStateDir({ stateDir: state })).toMatchObject({ unfinishedUndo: null });
});

test('a restore that comes after it has the last word', async () => {
  const { state } = home();
  const [, middle] = await listPrevious({ stateDir: state });
  appendFileSync(join(middle?.path ?? '', 'record.jsonl'), 'no record any more');
  await expect(undoRestore({ stateDir: state, to: await oldest(state) })).rejects.toThrow('1 of the 3 steps');
  await restoreSnapshot({ stateDir: state, snapshot: bench.path('1.tar.gz'), mode: 'merge' });
  expect(await recoverStateDir({ stateDir: state })).toMatchObject({ unfinishedUndo: null });
});

describe.skipIf(!hasStrace)('killed (needs strace)', () => {
  test.each([1, 2, 3])('at the end of step %i of 3, recover says what is live and what to run', async (step) => {
    const { state, note } = home();
    const to = await oldest(state);
    const undo = ['undo', '--to', to, '--state-dir', state];
    // By then the step is on record; its journal is there still, or just gone.
    const journal = join(state, '..', '.state.oxios-backup.journal');
    const inject = ['-P', journal, '-e', 'trace=unlink', '-e', `inject=unlink:signal=KILL:when=${step}`];
    const killed = await execa('strace', ['-qq', '-o', '/dev/null', ...inject, process.execPath, MAIN, ...undo], {
      reject: false,
      cwd: bench.root,
    });
    expect(killed.signal).toBe('SIGKILL');
    const { status, out } = await bench.run(['recover', '--state-dir', state]);
    expect([status, note()]).toEqual([0, String(RESTORES - step)]);
    if (step === RESTORES) {
      const [, back = ''] = /to have it back: oxios-backup undo --to (\S+)$/.exec(out) ?? [];
      await bench.run(['undo', '--to', back, '--state-dir', state]);
      expect(note()).toBe(String(RESTORES));
      return;
    }
    expect(out.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(`is again what was replaced on .*: ${step} of 3 steps of an undo are done$`),
      `  to go on: oxios-backup undo --to ${to}`,
    ]);
    const list = await bench.run(['undo', '--list', '--state-dir', state]);
    expect(list.out).toContain(`${step} of 3 steps of an undo are done\n  to go on: oxios-backup undo --to ${to}`);
    const { out: json } = await bench.run(['recover', '--json', '--state-dir', state]);
    expect(lastJson(json)).toMatchObject({ unfinished_undo: { name: to, unfinished_undo: { done: step, steps: 3 } } });
    await bench.run(undo);
    expect(note()).toBe('0');
    expect((await bench.run(['recover', '--state-dir', state])).out).toContain('there is nothing to recover');
  });

  test('before it has removed the directory that it emptied: that is no previous state any more', async () => {
    const { state, note } = home();
    const [newest] = await listPrevious({ stateDir: state });
    const path = newest?.path ?? '';
    const inject = ['-P', join(path, 'before/sessions'), '-e', 'trace=rmdir', '-e', 'inject=rmdir:signal=KILL'];
    const undo = [process.execPath, MAIN, 'undo', '--state-dir', state];
    const killed = await execa('strace', ['-qq', '-o', '/dev/null', ...inject, ...undo], { reject: false });
    expect([killed.signal, note(), existsSync(path)]).toEqual(['SIGKILL', '2', true]);
    const listed = await listPrevious({ stateDir: state });
    expect(listed.filter(({ undoable }) => undoable).map(({ by }) => by)).toEqual(['restore', 'restore']);
    await undoRestore({ stateDir: state });
    expect([note(), existsSync(path)]).toEqual(['1', false]);
  });
});
