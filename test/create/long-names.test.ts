/** Names of 255 bytes, which leave no room for those of side files, or are longer in another spelling: captured, compared, merged and put back like any other. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CreateOptions,
  compareWithDirectory,
  createBackup,
  planRestore,
  restoreBackup,
  StateStore,
  undoRestore,
} from 'oxios-backup';
import { expect, test } from 'vitest';
import { pictureOf } from '../state-dir/tree-picture.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

function stateDir(): string {
  const root = room.fresh('state');
  mkdirSync(root);
  for (const [letter, mode] of Object.entries({ d: 'delete', w: 'wal' })) {
    const short = join(root, letter);
    execFileSync('sqlite3', [
      short,
      `pragma journal_mode=${mode}; create table t(a); insert into t values('${letter}')`,
    ]);
    renameSync(short, join(root, letter.repeat(255)));
  }
  writeFileSync(join(root, 'n'.repeat(255)), 'a note');
  for (const name of [...readdirSync(root), '.']) utimesSync(join(root, name), 1_700_000_000, 1_700_000_000);
  return root;
}

test.each<CreateOptions>([{}, { sqlite: 'raw-copy' }])('databases are captured, and compared: %o', async (options) => {
  const root = stateDir();
  const snapshot = room.fresh('snapshot.tar.gz');
  expect(await createBackup(new StateStore(root), snapshot, options)).toMatchObject({ complete: true, statuses: [] });
  const { totals } = await compareWithDirectory({ snapshot, directory: root });
  expect(totals).toMatchObject({ added: 0, removed: 0, changed: 0 });
});

test('they are merged, and an undo puts back what was there', async () => {
  const root = stateDir();
  const snapshot = room.fresh('snapshot.tar.gz');
  await createBackup(new StateStore(root), snapshot);
  const captured = pictureOf(root);
  for (const letter of ['d', 'n']) writeFileSync(join(root, letter.repeat(255)), 'newer');
  const newer = pictureOf(root);
  await restoreBackup(new StateStore(root), snapshot, { mode: 'merge' });
  expect(pictureOf(root)).toBe(captured);
  await undoRestore({ stateDir: root });
  expect(pictureOf(root)).toBe(newer);
});

// Decomposed, and in capitals, they have more bytes than a file system takes.
test.each([
  ['한', 29],
  ['é', 127],
  ['\u0390', 127],
])('one that is longer in another spelling is merged: %s, %i times', async (letter, times) => {
  const name = letter.repeat(times);
  const root = room.fresh('state');
  mkdirSync(root);
  writeFileSync(join(root, name), 'captured');
  const snapshot = room.fresh('snapshot.tar.gz');
  await createBackup(new StateStore(root), snapshot);
  writeFileSync(join(root, name), 'newer');
  const { totals } = await planRestore({ stateDir: new StateStore(root), snapshot, mode: 'merge' });
  expect(totals).toMatchObject({ added: 0, removed: 0, changed: 1 });
  await restoreBackup(new StateStore(root), snapshot, { mode: 'merge' });
  expect(readFileSync(join(root, name), 'utf8')).toBe('captured');
  await undoRestore({ stateDir: root });
  expect(readFileSync(join(root, name), 'utf8')).toBe('newer');
});
