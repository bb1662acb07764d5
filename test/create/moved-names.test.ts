import fs from 'node:fs';
import { join } from 'node:path';
import { type CreateOptions, createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { mountLimited, whyNotLimited } from '../file-systems/limited.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const noFuse = whyNotLimited();

type Act = (root: string) => void;

/** Moments of a capture: the scan says of a link that leads out when it comes by. `zz` is its end; nothing is read before. */
type Moment = 'm' | 'zz';

/** Something that happens when a loss is said. */
type OnLoss = (root: string, path: string) => void;

const BEFORE_THE_SCAN_MS = 100;

/** Makes a snapshot of a tree in which something happens at a moment; tells what it says, and gives it back. */
async function createWhile(
  build: Act,
  at: Moment,
  act: Act,
  options: CreateOptions = {},
  onLoss?: OnLoss,
  root = room.fresh('state'),
) {
  for (const name of ['a', 'n', 'seeds']) fs.mkdirSync(join(root, name), { recursive: true });
  fs.writeFileSync(join(root, 'seeds/a.json'), '{}');
  for (const name of ['m', 'zz']) fs.symlinkSync('/outside', join(root, name));
  build(root);
  // What was made before the scan is told by its time.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BEFORE_THE_SCAN_MS);
  const snapshot = room.fresh('snapshot');
  const made = await createBackup(new StateStore(root), snapshot, {
    ...options,
    onEvent(event) {
      if (event.type === 'notice' && event.path === at) act(root);
      if (event.type === 'file-status') onLoss?.(root, event.path);
    },
  });
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  const restored = await restoreBackup(new StateStore(back), snapshot, { externalLinks: 'keep' });
  expect(restored.complete).toBe(made.complete);
  return { ...made, told: made.statuses.map(({ path, status }) => `${status} ${path}`), back };
}

const write =
  (...names: string[]): Act =>
  (root) => {
    for (const name of names) {
      fs.mkdirSync(join(root, name, '..'), { recursive: true });
      fs.writeFileSync(join(root, name), name);
    }
  };
const move =
  (from: string, to: string): Act =>
  (root) =>
    fs.renameSync(join(root, from), join(root, to));
const remove =
  (name: string): Act =>
  (root) =>
    fs.rmSync(join(root, name), { recursive: true });

test.for(['m', 'zz'] as const)('what is deleted meanwhile is named, and no loss (at %s)', async (at) => {
  const made = await createWhile(write('n/x.json', 'n/d/y.json'), at, (root) => {
    remove('n/x.json')(root);
    remove('n/d')(root);
  });
  expect(made.complete).toBe(true);
  // What was not listed yet was never there.
  expect(made.told).toEqual(at === 'm' ? [] : ['deleted n/d/y.json', 'deleted n/x.json']);
});

test('a large file that is deleted meanwhile is named, and does not count as missing', async () => {
  const build: Act = (root) => fs.writeFileSync(join(root, 'n/large.bin'), Buffer.alloc(3 * 2 ** 20, 'x'));
  const made = await createWhile(build, 'zz', remove('n/large.bin'));
  expect(made).toMatchObject({ complete: true, told: ['deleted n/large.bin'] });
});

test.for(['n/x.json', 'n/large.bin'])('%s that is moved after it was listed is named where it is now', async (name) => {
  const build: Act = (root) =>
    fs.writeFileSync(join(root, name), Buffer.alloc(name.endsWith('bin') ? 2 ** 22 : 5, 'x'));
  const made = await createWhile(build, 'zz', move(name, 'a/moved'));
  expect(made.told).toEqual(['unreadable a/moved', `deleted ${name}`]);
  expect(made.complete).toBe(false);
});

test('a file that is moved from where nobody looked yet to where nobody looks again is named', async () => {
  const made = await createWhile(write('n/x.json'), 'm', move('n/x.json', 'a/y.json'));
  expect(made).toMatchObject({ complete: false, told: ['unreadable a/y.json'] });
});

test('one that is moved on to where that look has just been is named', async () => {
  const made = await createWhile(
    write('n/x.json', 'n/y.json'),
    'm',
    (root) => {
      move('n/x.json', 'a/x.json')(root);
      move('n/y.json', 'a/y.json')(root);
    },
    {},
    (root, path) => {
      if (path === 'a/x.json') move('a/y.json', 'seeds/y.json')(root);
    },
  );
  expect(made).toMatchObject({ complete: false, told: ['unreadable a/x.json', 'unreadable seeds/y.json'] });
});

test('the same at the top, and of links', async () => {
  const build: Act = (root) => fs.symlinkSync('x', join(root, 'n/link'));
  const made = await createWhile(build, 'm', move('n/link', 'alink'));
  expect(made).toMatchObject({ complete: false, told: ['unreadable alink'] });
});

test.skipIf(noFuse !== null)(
  `by a clock of whole seconds what was made is told from what was moved (${noFuse ?? 'FUSE'})`,
  async () => {
    const disk = await mountLimited({ modeless: true });
    const createThere = (act: Act, name: string) =>
      createWhile(write('n/x.json'), 'zz', act, {}, undefined, join(disk.directory, name));
    try {
      expect(await createThere(write('a/new.json', 'a/new/x.json'), 'made')).toMatchObject({
        complete: true,
        told: [],
      });
      const moved = await createThere(move('n/x.json', 'a/x.json'), 'moved');
      expect(moved).toMatchObject({ complete: false, told: ['unreadable a/x.json', 'deleted n/x.json'] });
    } finally {
      await disk.unmount();
    }
  },
);

test('a file that is moved the other way is captured', async () => {
  const made = await createWhile(write('a/x.json'), 'm', move('a/x.json', 'n/x.json'));
  expect(made.complete).toBe(true);
  expect(fs.readFileSync(join(made.back, 'n/x.json'), 'utf8')).toBe('a/x.json');
});

test('a directory that is moved before it was listed means all that it holds', async () => {
  const made = await createWhile(write('n/d/x.json', 'n/d/e/y.json'), 'm', move('n/d', 'a/d'));
  expect(made).toMatchObject({ complete: false, told: ['unreadable a/d'] });
});

test('of a directory that is moved after it was listed the files are named', async () => {
  const made = await createWhile(write('n/d/x.json', 'n/d/e/y.json'), 'zz', move('n/d', 'a/d'));
  expect(made.complete).toBe(false);
  expect(made.told).toEqual([
    'unreadable a/d/e/y.json',
    'unreadable a/d/x.json',
    'deleted n/d/e/y.json',
    'deleted n/d/x.json',
  ]);
});

test.for(['m', 'zz'] as const)('what is made meanwhile is no loss (at %s)', async (at) => {
  const made = await createWhile(write('n/x.json'), at, (root) => {
    write('a/new.json', 'a/new/dir/x.json')(root);
    // Deleted and made anew, as sessions are: the system likes to give the same inode again.
    remove('n/x.json')(root);
    write('a/x.json')(root);
  });
  expect(made.complete).toBe(true);
});

test('a file that was written anew and renamed into place is the new one, and complete', async () => {
  const made = await createWhile(write('n/x.json'), 'zz', (root) => {
    write('n/x.tmp')(root);
    move('n/x.tmp', 'n/x.json')(root);
  });
  expect(made).toMatchObject({ complete: true, told: [] });
  expect(fs.readFileSync(join(made.back, 'n/x.json'), 'utf8')).toBe('n/x.tmp');
});

/** So long after its last write a file may be a document that was renamed, and not one in the making. */
const LATER_MS = 2100;

const rewrite =
  (name: string): Act =>
  (root) => {
    write(`${name}.tmp`)(root);
    move(`${name}.tmp`, name)(root);
  };

test.for([
  ['a new name', 'a/y.json'],
  ['the same name elsewhere', 'a/x.json'],
  ['another name beside it', 'n/y.json'],
  ['a name in a folder that is new', 'a/new/x.json'],
])('a document that was written anew and then renamed is named: %s', async ([, to]) => {
  const made = await createWhile(write('n/x.json'), 'zz', (root) => {
    rewrite('n/x.json')(root);
    fs.mkdirSync(join(root, 'a/new'));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LATER_MS);
    move('n/x.json', to as string)(root);
  });
  expect(made.complete).toBe(false);
  expect(made.told.toSorted()).toEqual(['deleted n/x.json', `unreadable ${to}`]);
});

test('one that was renamed over another before that was read is there under its name', async () => {
  const made = await createWhile(write('n/x.json', 'a/y.json'), 'zz', (root) => {
    rewrite('n/x.json')(root);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LATER_MS);
    move('n/x.json', 'a/y.json')(root);
  });
  expect(made).toMatchObject({ complete: true, told: ['deleted n/x.json'] });
  expect(fs.readFileSync(join(made.back, 'a/y.json'), 'utf8')).toBe('n/x.json.tmp');
});

test('what is gone is deleted, and what is made as documents are is new, though the one may be the other', async () => {
  // Nothing shows which: a session that ended and another that began look just so.
  const made = await createWhile(write('n/x.json'), 'zz', (root) => {
    rewrite('n/x.json')(root);
    move('n/x.json', 'a/y.json')(root);
  });
  expect(made).toMatchObject({ complete: true, told: ['deleted n/x.json'] });
});

test('what is renamed while nothing is gone is new', async () => {
  const made = await createWhile(write('n/x.json'), 'zz', (root) => {
    write('a/new.part')(root);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LATER_MS);
    move('a/new.part', 'a/new.json')(root);
  });
  expect(made).toMatchObject({ complete: true, told: [] });
});

test('files that take each other’s places are all there', async () => {
  const made = await createWhile(write('n/x', 'n/x.1', 'n/x.2'), 'zz', (root) => {
    move('n/x.1', 'n/x.2')(root);
    move('n/x', 'n/x.1')(root);
    write('n/x')(root);
  });
  expect(made.complete).toBe(true);
  expect(fs.readFileSync(join(made.back, 'n/x.2'), 'utf8')).toBe('n/x.1');
});

test('one that was pushed out of its place, to a name that was not listed, is named', async () => {
  const made = await createWhile(write('n/x'), 'zz', (root) => {
    move('n/x', 'n/x.1')(root);
    write('n/x')(root);
  });
  expect(made).toMatchObject({ complete: false, told: ['unreadable n/x.1'] });
});

test('what is moved to where things are excluded does not count as missing', async () => {
  const build = write('n/x.json', 'a/skipped/y');
  const made = await createWhile(build, 'm', move('n/x.json', 'a/skipped/x.json'), { excludes: ['skipped'] });
  expect(made.complete).toBe(true);
});

test('a second name that is still there has what the first one had', async () => {
  const build: Act = (root) => {
    write('n/x.json')(root);
    fs.linkSync(join(root, 'n/x.json'), join(root, 'n/y.json'));
  };
  const made = await createWhile(build, 'zz', remove('n/x.json'));
  // Its change time moved, for it has one name less.
  expect(made).toMatchObject({ complete: true, told: ['deleted n/x.json', 'retried n/y.json'] });
  expect(fs.readFileSync(join(made.back, 'n/y.json'), 'utf8')).toBe('n/x.json');
});
