/** What a dry run says is what the run then does, or refuses with, in every situation that decides about one. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type BackupError,
  createBackup,
  type ErrorCode,
  planRestore,
  type RestoreOptions,
  restoreBackup,
  StateStore,
} from 'oxios-backup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTree } from '../../fixtures/compare-trees.ts';
import { directory, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { buildSmallTree } from '../damage/small-tree.ts';
import { mountApfsLike } from '../file-systems/folding.ts';
import { whyNotLimited } from '../file-systems/limited.ts';
import { mountSmall } from '../malicious/small-file-system.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const snapshot = room.path('snapshot.tar.gz');
const small = mountSmall(4 * 2 ** 20, 200);
const folding = whyNotLimited() === null ? await mountApfsLike() : null;

beforeAll(async () => {
  const source = room.path('source');
  buildSmallTree(source);
  await createBackup(new StateStore(source), snapshot);
});

afterAll(() => {
  small?.unmount();
  folding?.unmount();
});

interface Situation {
  /** The state directory. */
  root: string;
  snapshot: string;
  options: RestoreOptions;
  /** What a run is refused with; null where it succeeds. */
  refused: ErrorCode | null;
  end?: () => void;
}

const made = (bytes: Buffer): string => {
  const path = `${room.fresh('made')}.tar.gz`;
  writeFileSync(path, bytes);
  return path;
};

/** A state directory with content of its own. */
function filled(parent = room.fresh('parent')): string {
  const root = join(parent, 'state');
  mkdirSync(parent, { recursive: true });
  buildSmallTree(root);
  mkdirSync(join(root, 'mine/deep'), { recursive: true });
  writeFileSync(join(root, 'mine/deep/note.md'), 'mine');
  return root;
}

const links = inOrder([directory('x'), file('x/a', 'a'), symlink('out', '/etc')]);
const conflicts = inOrder([
  file('mine', 'a file where a directory stands'),
  directory('db'),
  file('db/memory.db', 'SQLite format 3\0'),
  directory('seeds'),
  file('seeds/new.json', '{}'),
]);

/** Below a directory whose name has letters, so that a look can tell whether names are folded. */
function below(mounted: string): string {
  const parent = join(mounted, 'Folder');
  mkdirSync(parent, { recursive: true });
  return parent;
}

const SITUATIONS: Record<string, () => Situation | null> = {
  'a directory that is missing': () => ({ root: room.fresh('state'), snapshot, options: {}, refused: null }),
  'an empty directory': () => {
    const root = room.fresh('state');
    mkdirSync(root);
    return { root, snapshot, options: {}, refused: null };
  },
  'content, and no mode': () => ({ root: filled(), snapshot, options: {}, refused: 'TARGET_NOT_EMPTY' }),
  replace: () => ({ root: filled(), snapshot, options: { mode: 'replace' }, refused: null }),
  merge: () => ({ root: filled(), snapshot, options: { mode: 'merge' }, refused: null }),
  'merge with conflicts': () => {
    const root = filled();
    mkdirSync(join(root, 'db'));
    writeFileSync(join(root, 'db/memory.db'), 'SQLite format 3\0 of old');
    for (const suffix of ['-wal', '-shm', '-notes']) writeFileSync(join(root, `db/memory.db${suffix}`), suffix);
    return { root, snapshot: made(buildSnapshot(conflicts)), options: { mode: 'merge' }, refused: null };
  },
  'merge into nothing': () => ({ root: room.fresh('state'), snapshot, options: { mode: 'merge' }, refused: null }),
  'merge of a foreign archive': () => ({
    root: filled(),
    snapshot: made(buildForeign([file('far/away/a.md', 'a'), file('mine', 'a file')])),
    options: { mode: 'merge' },
    refused: null,
  }),
  'links that lead out': () => ({
    root: room.fresh('state'),
    snapshot: made(buildSnapshot(links)),
    options: {},
    refused: 'EXTERNAL_LINK',
  }),
  'links that lead out, kept': () => ({
    root: room.fresh('state'),
    snapshot: made(buildSnapshot(links)),
    options: { externalLinks: 'keep' },
    refused: null,
  }),
  'links that lead out, in a foreign archive': () => ({
    root: room.fresh('state'),
    snapshot: made(buildForeign(links)),
    options: {},
    refused: 'EXTERNAL_LINK',
  }),
  'a snapshot without a file': () => ({
    root: room.fresh('state'),
    snapshot: made(buildSnapshot([directory('x')])),
    options: {},
    refused: 'SNAPSHOT_EMPTY',
  }),
  'a part': () => ({
    root: filled(),
    snapshot: made(buildSnapshot(inOrder([...conflicts, file('z', 'z'), hardLink('zz', 'z')]))),
    options: { mode: 'merge', paths: ['zz', 'seeds'] },
    refused: null,
  }),
  'a part that would replace': () => ({
    root: filled(),
    snapshot,
    options: { mode: 'replace', paths: ['seeds'] },
    refused: 'USAGE',
  }),
  'nothing of what is asked for': () => ({
    root: filled(),
    snapshot,
    options: { mode: 'merge', paths: ['nowhere'] },
    refused: 'ENTRY_NOT_FOUND',
  }),
  'no space': () =>
    small && {
      root: join(small.directory, 'state'),
      snapshot: made(buildSnapshot([file('large', Buffer.alloc(6 * 2 ** 20, 'x'))])),
      options: {},
      refused: 'NO_SPACE',
    },
  'more files than there is room for': () =>
    small && {
      root: join(small.directory, 'state'),
      snapshot: made(buildSnapshot(Array.from({ length: 300 }, (_, n) => file(`f${1000 + n}`, '')))),
      options: {},
      refused: 'NO_SPACE',
    },
  'names that are one on the file system': () =>
    folding && {
      root: join(below(folding.directory), 'state'),
      snapshot: made(buildSnapshot([file('Note.md', 'a'), file('note.md', 'b')])),
      options: {},
      refused: 'NAME_COLLISION',
    },
  'a path that is too long to be merged': () => {
    const root = filled();
    const long = Array.from({ length: 20 }, () => 'n'.repeat(199)).join('/');
    const room4096 = 4096 - Buffer.byteLength(root) - 1 - Buffer.byteLength(long) - 1;
    return {
      root,
      snapshot: made(buildForeign([file(`${long}/${'e'.repeat(Math.max(1, room4096 - 5))}`, 'a')])),
      options: { mode: 'merge' },
      refused: 'NAME_UNSUPPORTED',
    };
  },
  'a file in place of the state directory': () => {
    const root = room.fresh('state');
    writeFileSync(root, 'a file');
    return { root, snapshot, options: {}, refused: 'TARGET_NOT_DIRECTORY' };
  },
  'a process that runs on it': () => {
    const root = filled();
    // Descendants of this process do not count: this one is left to the system by its parent.
    const pid = execFileSync('sh', ['-c', 'setsid sleep 60 >>mine/deep/note.md 2>&1 & echo $!'], {
      cwd: root,
      encoding: 'utf8',
    });
    const end = () => process.kill(Number(pid));
    return { root, snapshot, options: { mode: 'replace' }, refused: 'STATE_DIR_IN_USE', end };
  },
  'a link to the state directory': () => {
    const root = room.fresh('link');
    symlinkSync(filled(), root);
    return { root, snapshot, options: { mode: 'replace' }, refused: null };
  },
};

const pathsIn = (root: string): string[] =>
  existsSync(root) ? [...readTree(root).keys()].filter((at) => at !== '.') : [];

async function outcome<T>(attempt: Promise<T>): Promise<{ done: T } | { error: BackupError }> {
  return attempt.then((done) => ({ done })).catch((error) => ({ error }));
}

describe('a dry run and the run', () => {
  for (const [name, prepare] of Object.entries(SITUATIONS)) {
    test(name, async ({ skip }) => {
      const situation = prepare();
      if (situation === null) return skip('there is no such file system here');
      const { root, options, refused, end } = situation;
      try {
        const store = new StateStore(root);
        const before = existsSync(root) && refused !== 'TARGET_NOT_DIRECTORY' ? pathsIn(root) : [];
        const dry = await outcome(planRestore({ stateDir: store, snapshot: situation.snapshot, ...options }));
        const real = await outcome(restoreBackup(store, situation.snapshot, options));
        const refusal = 'error' in dry ? dry.error : dry.done.refusals[0];
        if (refused !== null) {
          expect(refusal).toMatchObject({ code: refused });
          const error = 'error' in real ? real.error : null;
          expect(error).toMatchObject({ code: refused, hint: refusal?.hint });
          if (refused !== 'TARGET_NOT_DIRECTORY') expect(pathsIn(root).length).toBe(before.length);
          return;
        }
        expect(refusal).toBeUndefined();
        if ('error' in dry || 'error' in real) throw 'error' in real ? real.error : new Error('the dry run failed');
        const after = new Set(before);
        for (const { kind, path } of dry.done.changes) {
          if (kind === 'removed') after.delete(path);
          // A foreign archive need not name the directories that it fills.
          for (let at = path; kind === 'added' && at !== '.'; at = dirname(at)) after.add(at);
        }
        expect(pathsIn(root).sort()).toEqual([...after].sort());
        if (options.paths === undefined) expect(dry.done.restored).toEqual(real.done.restored);
        expect(dry.done.stateDir).toBe(real.done.stateDir);
        expect(dry.done.statuses).toEqual(real.done.statuses);
      } finally {
        end?.();
      }
    });
  }
});

test('what a dry run says of names, and of attributes that are not restored', async () => {
  const named = made(buildSnapshot([file('C:notes.md', 'a'), file('plain.md', 'b'), file('up\\..\\x.md', 'c')]));
  const { notices } = await planRestore({ stateDir: room.fresh('state'), snapshot: named });
  const said = notices.map(({ message }) => message).join('\n');
  expect(said).toContain('C:notes.md');
  expect(said).toContain('means more on Windows');
  const long = `${'n'.repeat(120)}\n.md`;
  const lines = await planRestore({ stateDir: room.fresh('state'), snapshot: made(buildSnapshot([file(long, 'a')])) });
  expect(lines.notices.map(({ message }) => message).join('\n')).toContain('reads by lines');
  const double = file('._a.md', Buffer.concat([Buffer.from([0, 5, 0x16, 7]), Buffer.alloc(60)]));
  const mac = made(buildForeign([double, file('a.md', 'a')]));
  const preview = await planRestore({ stateDir: room.fresh('state'), snapshot: mac });
  expect(preview.notices).toContainEqual({ path: '._a.md', message: expect.stringContaining('AppleDouble') });
  const told: string[] = [];
  const root = room.fresh('state');
  await restoreBackup(new StateStore(root), mac, {
    onEvent: (event) => event.type === 'notice' && told.push(event.message),
  });
  expect(told).toContainEqual(expect.stringContaining('AppleDouble'));
  expect(readFileSync(join(root, 'a.md'), 'utf8')).toBe('a');
});
