import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import {
  type CreateOptions,
  type CreateResult,
  createBackup,
  restoreBackup,
  StateStore,
  verifySnapshot,
} from 'oxios-backup';
import { expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** The first page of a database, as far as anybody looks at it who copies it without a library. */
const DATABASE = Buffer.alloc(4096);
DATABASE.write('SQLite format 3\0');

/**
 * Makes a snapshot of a tree that changes after it was listed and before its files are read: then the scan says that the
 * last of its links leads out.
 */
async function createWhile(
  change: (root: string) => void,
  build: (root: string) => void,
  options: CreateOptions = {},
): Promise<{ made: CreateResult; back: string }> {
  const root = room.fresh('state');
  fs.mkdirSync(join(root, 'seeds'), { recursive: true });
  fs.writeFileSync(join(root, 'seeds/a.json'), '{}');
  build(root);
  fs.symlinkSync('/outside', join(root, 'zzz'));
  const snapshot = room.fresh('snapshot');
  const made = await createBackup(new StateStore(root), snapshot, {
    ...options,
    onEvent(event) {
      if (event.type === 'notice' && event.path === 'zzz') change(root);
    },
  });
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), snapshot, { externalLinks: 'keep' });
  return { made, back };
}

function twoNames(content: string | Buffer) {
  return (root: string) => {
    fs.writeFileSync(join(root, 'a'), content);
    fs.linkSync(join(root, 'a'), join(root, 'b'));
  };
}

/** Ahead of the clock: what changed so lately is taken for a database in use, however slowly this runs. */
const AHEAD = Math.floor(Date.now() / 1000) + 3600;

function databaseInUse(root: string): void {
  const path = join(root, 'memory.db');
  fs.writeFileSync(path, DATABASE);
  fs.chmodSync(path, 0o640);
  fs.utimesSync(path, AHEAD, AHEAD);
}

function replaceFirst(root: string): void {
  fs.writeFileSync(join(root, 'new'), 'new');
  fs.renameSync(join(root, 'new'), join(root, 'a'));
}

test.each([
  ['small', 'old'],
  ['large', Buffer.alloc(2 ** 21, 'o')],
])('the second name of a %s file keeps its content when another file takes the first', async (_, content) => {
  const { made, back } = await createWhile(replaceFirst, twoNames(content));
  expect(made.complete).toBe(true);
  expect(fs.readFileSync(join(back, 'a'), 'utf8')).toBe('new');
  expect(fs.readFileSync(join(back, 'b')).equals(Buffer.from(content))).toBe(true);
});

test('a database stays when the batch that it is in is packed again', async () => {
  const { made, back } = await createWhile(
    (root) => fs.unlinkSync(join(root, 'a')),
    (root) => {
      twoNames('old')(root);
      databaseInUse(root);
    },
    { sqlite: 'raw-copy' },
  );
  expect(made.statuses).toMatchObject([{ path: 'a', status: 'deleted' }, { path: 'b' }]);
  expect(fs.existsSync(join(back, 'memory.db'))).toBe(true);
});

test('a database in use comes back with its own mode and time, not those of the copy that was read', async () => {
  const { made, back } = await createWhile(() => {}, databaseInUse, { sqlite: 'raw-copy' });
  expect(made.statuses).toEqual([]);
  const { mode, mtimeMs } = fs.statSync(join(back, 'memory.db'));
  expect({ mode: mode & 0o7777, time: mtimeMs / 1000 }).toEqual({ mode: 0o640, time: AHEAD });
});

test('of a database that cannot be copied every name is lost', async () => {
  const { made } = await createWhile(
    () => {},
    (root) => {
      fs.writeFileSync(join(root, 'memory.db'), DATABASE);
      fs.linkSync(join(root, 'memory.db'), join(root, 'memory2.db'));
      // Beside each of its names lies a journal: which one is to be rolled back, nothing tells.
      for (const name of ['memory.db', 'memory2.db'])
        fs.writeFileSync(join(root, `${name}-journal`), Buffer.alloc(600, 7));
    },
    { sqlite: 'raw-copy' },
  );
  expect(made.statuses).toMatchObject([
    { path: 'memory.db', status: 'unreadable' },
    { path: 'memory2.db', status: 'unreadable' },
  ]);
});

test('small files that grow to more than a member may hold are named as lost', async () => {
  const { made } = await createWhile(
    (root) => {
      for (const name of ['a', 'b']) fs.truncateSync(join(root, name), 40 * 2 ** 20);
    },
    (root) => {
      for (const name of ['a', 'b']) fs.writeFileSync(join(root, name), 'small');
    },
  );
  expect(made.complete).toBe(false);
  expect(made.statuses).toMatchObject([
    { path: 'a', status: 'retried' },
    { path: 'b', status: 'unreadable' },
  ]);
});

test('an output that is no file is not replaced', async () => {
  const root = room.fresh('state');
  fs.mkdirSync(root);
  const pipe = room.fresh('pipe');
  execFileSync('mkfifo', [pipe]);
  const output = createBackup(new StateStore(root), pipe, { force: true });
  await expect(output).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  expect(fs.lstatSync(pipe).isFIFO()).toBe(true);
});

test('a database whose private copy is gone is lost, and not taken for deleted', async ({ skip }) => {
  const scratchDir = room.fresh('scratch');
  fs.mkdirSync(scratchDir);
  const copies: string[] = [];
  const { made } = await createWhile(
    () => {
      for (const name of fs.readdirSync(scratchDir, { recursive: true, encoding: 'utf8' }))
        if (/database-\d+\.db$/.test(name)) copies.push(join(scratchDir, name));
      for (const copy of copies) fs.rmSync(copy);
    },
    (root) => {
      try {
        execFileSync('sqlite3', [join(root, 'memory.db'), 'create table t (x); insert into t values (1);']);
      } catch {
        skip('sqlite3 is not here');
      }
      // Of several names one is always copied.
      fs.linkSync(join(root, 'memory.db'), join(root, 'memory2.db'));
    },
    { sqlite: 'raw-copy', scratchDir },
  );
  expect(copies).not.toEqual([]);
  expect(made.complete).toBe(false);
  expect(made.statuses).toContainEqual({
    path: 'memory.db',
    status: 'unreadable',
    detail: 'the copy that was made of it cannot be read: ENOENT: no such file or directory',
  });
});
