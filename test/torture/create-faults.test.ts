import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';
import { CaseCounter, sampleOf } from './case-counter.ts';
import { act, actWith, callsOf, faultsOf, hasStrace, type Outcome } from './faults.ts';

const room = new TempDir();

/** A state directory with what capture treats in ways of its own: a database with a write-ahead log, and a git repository. */
function buildLivingTree(root: string): void {
  buildSmallTree(root);
  // Not as the user has set up git: no hooks, no signatures.
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const run = (file: string, ...args: string[]) => execFileSync(file, args, { cwd: root, stdio: 'pipe', env });
  const made = room.path('made.db');
  run('sqlite3', made, 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1);');
  // Copied while it is open: its end would fold the log into it.
  const copies = `.shell cp ${made} ${join(root, 'memory.db')}; cp ${made}-wal ${join(root, 'memory.db-wal')}`;
  run('sqlite3', made, 'INSERT INTO t SELECT value FROM generate_series(2, 50);', copies);
  const git = (...args: string[]) => run('git', '-c', 'user.name=a', '-c', 'user.email=a@b', ...args);
  git('init', '-q');
  git('add', 'seeds');
  git('commit', '-qm', 'packed');
  git('gc', '-q');
  git('add', 'memory');
  git('commit', '-qm', 'loose');
}

/** What a copy of a database in use has besides what `compareTrees` can tell: it has become one file. */
function expectSoundDatabase(file: string): void {
  const answer = execFileSync('sqlite3', [file, 'PRAGMA integrity_check; SELECT count(*) FROM t;'], {
    encoding: 'utf8',
  });
  expect(answer).toBe('ok\n50\n');
}

/** What was made is what was there, but for what it says is missing. */
async function expectFaithful(state: string, output: string, lost: readonly string[]): Promise<void> {
  expect((await verifySnapshot({ snapshot: output, threads: 1 })).problems).toEqual([]);
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), output, { threads: 1, allowEmpty: true });
  // Of a file that could not be read at first, and then could, the other names have become files of their own.
  const differences = compareTrees(readTree(state), readTree(back)).filter(
    (line) => !line.startsWith('hard links: ') && ![...lost, 'memory.db'].some((path) => line.includes(path)),
  );
  expect(differences.join('; ')).toBe('');
  const database = join(back, 'memory.db');
  if (fs.existsSync(join(state, 'memory.db')) && !lost.includes('memory.db')) expectSoundDatabase(database);
  fs.rmSync(back, { recursive: true });
}

async function expectPromise(outcome: Outcome, state: string, output: string): Promise<void> {
  const folder = join(output, '..');
  if (outcome.kind === 'done') {
    // Of a complete one statuses say that something took a second attempt.
    await expectFaithful(state, output, outcome.complete ? [] : outcome.paths);
    if (fs.readdirSync(folder).length === 1) return;
    fs.unlinkSync(output);
  }
  if (outcome.kind === 'killed' && fs.existsSync(output)) {
    // Struck when it was done already.
    await expectFaithful(state, output, []);
    fs.unlinkSync(output);
  }
  expect(fs.existsSync(output)).toBe(false);
  if (outcome.kind === 'failed') {
    expect(outcome.name).toBe('BackupError');
    expect(outcome.message).not.toContain('\n');
  }
  // Nothing is left, or the next run clears it.
  if (fs.readdirSync(folder).length > 0) {
    expect(await act(['create', state, output])).toMatchObject({ kind: 'done', complete: true });
    expect(fs.readdirSync(folder)).toEqual([basename(output)]);
  }
}

const hasTools = [
  ['sqlite3', '-version'],
  ['git', '--version'],
].every(([file, ask]) => spawnSync(file as string, [ask as string]).status === 0);

const trees: [name: string, build: (root: string) => void, canBeBuilt: boolean][] = [
  [
    'small and large files',
    (root) => {
      buildSmallTree(root);
      fs.writeFileSync(join(root, 'large.bin'), noise(2_200_000, 1));
    },
    true,
  ],
  ['a database and a repository', buildLivingTree, hasTools],
];

for (const [name, build, canBeBuilt] of trees) {
  test.skipIf(!hasStrace || !canBeBuilt)(
    `create of ${name}: every call fails in turn, or is the last`,
    async (context) => {
      const counter = new CaseCounter(
        context,
        `create of ${name}, each system call failing or the last: exit 0 and whole, or nothing`,
      );
      const state = room.fresh('state');
      build(state);
      const before = readTree(state);
      const folder = room.fresh('output');
      const output = join(folder, 'snapshot.tar.gz');
      fs.mkdirSync(folder);
      const calls = await callsOf(room.root, ['create', state, output]);
      expect(calls.length).toBeGreaterThan(50);
      for (const fault of sampleOf(faultsOf(calls), 14)) {
        fs.rmSync(folder, { recursive: true });
        fs.mkdirSync(folder);
        await counter.case(fault, async () => {
          await expectPromise(await actWith(fault, ['create', state, output]), state, output);
          expect(compareTrees(before, readTree(state))).toEqual([]);
        });
      }
      counter.finish();
    },
  );
}

test.skipIf(!hasStrace)(
  'a large file that can be read in part only is named as lost, and nothing of it is kept',
  async () => {
    const state = room.path('partly');
    buildSmallTree(state);
    fs.writeFileSync(join(state, 'large.bin'), noise(2_200_000, 1));
    const folder = room.path('partly-output');
    const output = join(folder, 'snapshot.tar.gz');
    fs.mkdirSync(folder);
    const args = ['create', state, output];
    const calls = await callsOf(room.root, args);
    const reads = calls.filter(({ name, text }) => /^p?read/.test(name) && text.includes('large.bin'));
    // The last one looks whether the file ends where it says; what fails there is tried again. Where another thread makes a call of the same
    // number, that one would fail, too.
    const own = reads.slice(0, -1).filter(({ text }) => text.split('\n').every((line) => line.includes('large.bin')));
    expect(own.length).toBeGreaterThan(0);
    for (const { name, n } of [own[0], own.at(-1)] as typeof own) {
      fs.rmSync(output, { force: true });
      const outcome = await actWith(`${name}:error=EIO:when=${n}`, args);
      expect(outcome).toMatchObject({ kind: 'done', complete: false, paths: ['large.bin'] });
      await expectFaithful(state, output, ['large.bin']);
    }
  },
);
