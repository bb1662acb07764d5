/** A merge against a model of it, and back: nothing but what it brings is touched. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { planRestore, restoreBackup, StateStore, undoRestore } from 'oxios-backup';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { directory, type Entry, file, hardLink, inOrder, symlink } from '../archives/entry.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { COMPOSED, DECOMPOSED, LONGEST } from '../file-systems/long-names.ts';
import { DISK_FOLDER, ON_OTHER_GROUND } from '../test-folder.ts';
import { type Exact, exactTree } from './exact-picture.ts';

const RUNS = process.env.OXIOS_TORTURE === '1' ? 2000 : ON_OTHER_GROUND ? 8 : 60;
const folder = mkdtempSync(join(DISK_FOLDER, 'oxios-merge-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let next = 0;
let root: string;
beforeEach(() => {
  root = join(folder, String(next++), 'state');
  mkdirSync(root, { recursive: true });
});

const OPTIONS = { mode: 'merge', allowEmpty: true, threads: 1 } as const;
const DATABASE = 'SQLite format 3\0';
const LOG = '\x37\x7f\x06\x82 a log';
const TOP = { mode: 0o755, mtimeNs: ON_OTHER_GROUND ? 1_770_000_001_000_000_000n : 1_770_000_001_000_000_005n };

function snapshotOf(entries: Entry[]): string {
  const path = join(folder, `${next++}.tar.gz`);
  writeFileSync(path, buildSnapshot(inOrder(entries)));
  return path;
}

interface Thing {
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'fifo' | 'twin';
  mode: number;
  text: string;
}

const NAMES = ['a', 'b', 'x.db', 'x.db-wal', 'x.db-journal', 'é', "q'\n"];
/** On other ground names fold, and have up to 255 characters. */
const FOLDING_NAMES = [
  'A',
  'X.DB',
  'X.db-WAL',
  'e\u0301',
  LONGEST,
  COMPOSED,
  `${COMPOSED}-wal`,
  DECOMPOSED,
  `${DECOMPOSED}-WAL`,
];
/** Leaves room in a path of 1,023 bytes for where it is, and where it is staged and kept. */
const MOST_BYTES = 800;
/** Of a name in the longest form in which it is a name. */
function mostBytes(name: string): number {
  const decomposed = name.normalize('NFD');
  return Buffer.byteLength(decomposed.length > 255 ? name : decomposed);
}
const name = fc.constantFrom(...NAMES, ...(ON_OTHER_GROUND ? FOLDING_NAMES : []));
const thing = fc.record({
  path: fc
    .array(name, { minLength: 1, maxLength: 3 })
    .map((names) => names.join('/'))
    .filter(
      (path) =>
        path
          .split('/')
          .map(mostBytes)
          .reduce((sum, bytes) => sum + 1 + bytes) <= MOST_BYTES,
    ),
  kind: fc.constantFrom<Thing['kind'][]>('file', 'file', 'file', 'directory', 'symlink', 'fifo', 'twin'),
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o500, 0o444),
  text: fc.constantFrom('', 'one', 'two', `${DATABASE} one`, LOG, 'a longer text'),
});

/** What finds one thing where names fold; elsewhere the path itself. */
function fold(path: string): string {
  return ON_OTHER_GROUND ? path.normalize('NFD').toLowerCase().normalize('NFD') : path;
}

/** Paths with one spelling for each thing: the first that comes. */
function spelledOnce(things: Thing[]): Thing[] {
  const spelled = new Map<string, string>();
  return things.map((each) => {
    let path = '';
    for (const part of each.path.split('/')) {
      const next = join(path, part);
      path = spelled.get(fold(next)) ?? next;
      spelled.set(fold(path), path);
    }
    return { ...each, path };
  });
}

const MODE = { mode: 0o644 };
/** In each form, what is there and what comes: of the longest name, which no other form can have, and of a database with its log. */
const FOLDING_EXAMPLES: [Thing[], Thing[], number[]][] = [
  [
    [{ path: LONGEST, kind: 'file', text: 'one', ...MODE }],
    [{ path: LONGEST, kind: 'file', text: 'two', ...MODE }],
    [],
  ],
  ...[
    [DECOMPOSED, COMPOSED],
    [COMPOSED, DECOMPOSED],
  ].map(([there = '', comes = '']): [Thing[], Thing[], number[]] => [
    [
      { path: there, kind: 'file', text: `${DATABASE} one`, ...MODE },
      { path: `${there}-wal`, kind: 'file', text: LOG, ...MODE },
    ],
    [{ path: comes, kind: 'file', text: `${DATABASE} two`, ...MODE }],
    [],
  ]),
];

/** Without what lies below what is no directory, or stands there already; parents are directories. */
function sound(things: Thing[]): Thing[] {
  const kinds = new Map<string, Thing>();
  for (const each of spelledOnce(things)) {
    const parents: string[] = [];
    for (let at = dirname(each.path); at !== '.'; at = dirname(at)) parents.unshift(at);
    if (kinds.has(each.path) || parents.some((at) => (kinds.get(at)?.kind ?? 'directory') !== 'directory')) continue;
    for (const path of parents)
      if (!kinds.has(path)) kinds.set(path, { path, kind: 'directory', mode: 0o755, text: '' });
    kinds.set(each.path, each);
  }
  // As in a snapshot, where "/" counts below every other character: a name of a file stands behind the file.
  const key = ({ path }: Thing) => path.replaceAll('/', '\0');
  return [...kinds.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Things with times and extended attributes of their own. */
function fill(at: string, things: Thing[]): void {
  let twin: string | null = null;
  const marks: string[] = [];
  for (const [number, { path, kind, mode, text }] of things.entries()) {
    const absolute = join(at, path);
    if (kind === 'directory') mkdirSync(absolute);
    else if (kind === 'symlink') symlinkSync('somewhere', absolute);
    else if (kind === 'fifo') execFileSync('mkfifo', [absolute]);
    else if (kind === 'twin' && twin !== null) linkSync(twin, absolute);
    else writeFileSync(absolute, text);
    if (kind === 'file') twin = absolute;
    if (kind === 'symlink' || kind === 'fifo') continue;
    marks.push(
      `# file: ${path.replace(/[\\\n]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`)}\nuser.number="${number}"\n`,
    );
    if (kind === 'file') chmodSync(absolute, mode);
  }
  spawnSync('setfattr', ['-h', '--restore=-'], { cwd: at, input: marks.join('\n') });
  for (const [number, { path, kind, mode }] of [...things.entries()].reverse()) {
    if (kind === 'symlink') continue;
    if (kind === 'directory') chmodSync(join(at, path), mode);
    utimesSync(join(at, path), 1_500_000_000 + number, 1_500_000_000 + number);
  }
  utimesSync(at, 1_400_000_000, 1_400_000_000);
}

function entriesOf(things: Thing[]): Entry[] {
  let twin: { path: string; more: { mode: number; mtime: number } } | null = null;
  return things.flatMap(({ path, kind, mode, text }, number): Entry[] => {
    const more = { mode, mtime: 1_600_000_000 + number };
    if (kind === 'directory') return [directory(path, more)];
    if (kind === 'symlink') return [symlink(path, 'elsewhere', { mtime: more.mtime })];
    if (kind === 'twin' && twin !== null) return [hardLink(path, twin.path, twin.more)];
    twin ??= { path, more };
    return [file(path, text, more)];
  });
}

/** What a merge makes of a tree, said in another way than the code under test does it. */
function merged(
  live: Map<string, Exact>,
  entries: Entry[],
  wanted: (path: string) => boolean,
): Map<string, Partial<Exact>> {
  const tree = new Map<string, Partial<Exact>>(live);
  const remove = (path: string) => {
    for (const each of [...tree.keys()]) if (each === path || each.startsWith(`${path}/`)) tree.delete(each);
  };
  const leads = (path: string) => entries.some((each) => each.path.startsWith(`${path}/`) && wanted(each.path));
  const links = new Map(entries.map((each) => [each.path, each]));
  /** Where a path of the snapshot leads: through directories as they are spelled, to what stands there, or to where it comes. */
  const lookUp = (path: string): string => {
    const parent = dirname(path);
    const above = parent === '.' ? parent : lookUp(parent);
    const wanted = fold(basename(path));
    const there = [...tree.keys()].find(
      (each) => each !== '' && dirname(each) === above && fold(basename(each)) === wanted,
    );
    return there ?? join(above, basename(path));
  };
  for (const entry of inOrder(entries)) {
    const { path, type } = entry;
    if (!wanted(path) && !(type === 'd' && leads(path))) continue;
    const at = lookUp(path);
    const stands = tree.get(at);
    const real = type === 'h' ? (links.get(entry.link ?? '') as Entry) : entry;
    const attributes = { mode: real.mode ?? 0, mtimeNs: BigInt(real.mtime ?? 0) * 1_000_000_000n };
    if (type === 'd' && stands?.type === 'directory') {
      if (wanted(path)) tree.set(at, { ...stands, ...attributes });
      continue;
    }
    if (stands !== undefined || type !== 'd') {
      for (const [side, found] of live) {
        const isSide = ['-wal', '-journal', '-shm'].some((suffix) => fold(side) === fold(`${path}${suffix}`));
        const isDatabase = live.get(at)?.type === 'file' && live.get(at)?.content.startsWith(DATABASE);
        if (
          isSide &&
          found.type === 'file' &&
          (isDatabase || found.content.startsWith(LOG.slice(0, 4))) &&
          !placedLater(side)
        )
          remove(side);
      }
    }
    remove(at);
    const content = type === 'l' ? (entry.link ?? '') : type === 'd' ? '' : (real.content?.toString('latin1') ?? '');
    const kind = type === 'd' ? 'directory' : type === 'l' ? 'symlink' : 'file';
    tree.set(join(dirname(at), basename(path)), {
      type: kind,
      ...attributes,
      mode: kind === 'symlink' ? 0 : attributes.mode,
      content,
    });
  }
  function placedLater(path: string): boolean {
    return entries.some((each) => each.path === path && wanted(path));
  }
  return tree;
}

function expectTree(actual: Map<string, Exact>, expected: Map<string, Partial<Exact>>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [path, want] of expected) {
    // Where the model says nothing of the inode, it is new.
    expect({ path, ...actual.get(path) }).toMatchObject({ path, ...want });
  }
}

test('any tree, any snapshot, any part of it: the model agrees, and an undo gives back every inode', {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(thing, { maxLength: 12 }).map(sound),
      fc.array(thing, { minLength: 1, maxLength: 12 }).map(sound),
      fc.array(fc.nat(11), { maxLength: 3 }),
      async (live, brought, picks) => {
        const at = join(folder, String(next++), 'state');
        mkdirSync(at, { recursive: true });
        fill(at, live);
        const entries = entriesOf(brought);
        const paths = picks.flatMap((pick) => entries[pick]?.path ?? []);
        const wanted = (path: string) =>
          paths.length === 0 || paths.some((each) => path === each || path.startsWith(`${each}/`));
        const before = exactTree(at);
        const model = merged(before, entries, wanted);
        if (paths.length === 0) model.set('', { ...before.get(''), ...TOP });
        const snapshot = snapshotOf(entries);
        const store = new StateStore(at);
        const options = { ...OPTIONS, ...(paths.length === 0 ? {} : { paths: paths.map(literal) }) };
        const previewed = await planRestore({ stateDir: store, snapshot, ...options });
        await restoreBackup(store, snapshot, options);
        const after = exactTree(at);
        expectTree(after, model);
        // The preview spells what is there as it is stored, also what another spelling takes the place of.
        const all = new Set([...after.keys()].map(fold));
        const stood = new Set([...before].flatMap(([path, { type }]) => (type === 'other' ? [] : [fold(path)])));
        const gone = [...before].flatMap(([path, { type }]) => (all.has(fold(path)) || type === 'other' ? [] : [path]));
        const removed = previewed.changes.filter(({ kind }) => kind === 'removed').map(({ path }) => path);
        expect(removed.sort()).toEqual(gone.sort());
        const added = previewed.changes.filter(({ kind }) => kind === 'added').map(({ path }) => fold(path));
        expect(added.filter((path) => !all.has(path) || stood.has(path))).toEqual([]);
        const { previousState } = await undoRestore({ stateDir: at });
        expect(exactTree(at)).toEqual(before);
        await undoRestore({ stateDir: at, to: previousState ?? '' });
        expectTree(exactTree(at), after);
        await undoRestore({ stateDir: at });
        expect(exactTree(at)).toEqual(before);
        spawnSync('chmod', ['-R', 'u+rwx', dirname(at)]);
        rmSync(dirname(at), { recursive: true });
      },
    ),
    { numRuns: RUNS, examples: ON_OTHER_GROUND ? FOLDING_EXAMPLES : [] },
  );
});

/** A path in the language of patterns, meant as it stands. */
function literal(path: string): string {
  return path;
}

describe('one path', () => {
  const entries = [directory('sessions', { mtime: 1_600_000_000, mode: 0o700 }), file('sessions/one.json', 'new')];

  test('nothing else is opened: extended attributes, inodes, pipes and names that are not UTF-8 stay', async () => {
    mkdirSync(join(root, 'sessions'));
    writeFileSync(join(root, 'sessions/one.json'), 'old');
    writeFileSync(join(root, 'sessions/two.json'), 'two');
    writeFileSync(Buffer.concat([Buffer.from(`${root}/sessions/`), Buffer.from([0xff, 0xfe])]), 'not UTF-8');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    spawnSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(root, 'sessions/two.json')]);
    chmodSync(join(root, 'sessions'), 0o1775);
    utimesSync(join(root, 'sessions'), 1_500_000_000, 1_500_000_000);
    const before = exactTree(root);
    const { previousState } = await restoreBackup(new StateStore(root), snapshotOf(entries), {
      ...OPTIONS,
      paths: ['sessions/one.json'],
    });
    const after = exactTree(root);
    expect(after.get('sessions/one.json')?.content).toBe('new');
    before.delete('sessions/one.json');
    after.delete('sessions/one.json');
    expect(after).toEqual(before);
    expect(readFileSync(join(previousState ?? '', 'before/sessions/one.json'), 'utf8')).toBe('old');
  });

  test('who has the old file open goes on with it', async () => {
    mkdirSync(join(root, 'sessions'));
    writeFileSync(join(root, 'sessions/one.json'), 'old');
    const descriptor = openSync(join(root, 'sessions/one.json'), 'r+');
    await restoreBackup(new StateStore(root), snapshotOf(entries), { ...OPTIONS, forceRunning: true });
    const read = Buffer.alloc(3);
    readSync(descriptor, read, 0, 3, 0);
    expect(read.toString()).toBe('old');
    expect(readFileSync(join(root, 'sessions/one.json'), 'utf8')).toBe('new');
  });

  test('of a file with two names one is merged, the other stays, and an undo makes them one again', async () => {
    mkdirSync(join(root, 'sessions'));
    writeFileSync(join(root, 'sessions/one.json'), 'old');
    linkSync(join(root, 'sessions/one.json'), join(root, 'twin.json'));
    await restoreBackup(new StateStore(root), snapshotOf(entries), OPTIONS);
    expect(readFileSync(join(root, 'twin.json'), 'utf8')).toBe('old');
    await undoRestore({ stateDir: root });
    expect(lstatSync(join(root, 'twin.json')).ino).toBe(lstatSync(join(root, 'sessions/one.json')).ino);
  });

  test('what was made since goes and comes with an undo; a directory that has gone since comes back', async () => {
    mkdirSync(join(root, 'sessions'));
    writeFileSync(join(root, 'sessions/one.json'), 'old');
    await restoreBackup(new StateStore(root), snapshotOf(entries), OPTIONS);
    writeFileSync(join(root, 'sessions/one.json'), 'newer');
    const { previousState } = await undoRestore({ stateDir: root });
    expect(readFileSync(join(root, 'sessions/one.json'), 'utf8')).toBe('old');
    expect(readFileSync(join(previousState ?? '', 'before/sessions/one.json'), 'utf8')).toBe('newer');
    await undoRestore({ stateDir: root, to: previousState ?? '' });
    rmSync(join(root, 'sessions'), { recursive: true });
    writeFileSync(join(root, 'sessions'), 'a file now');
    await undoRestore({ stateDir: root });
    expect(readFileSync(join(root, 'sessions/one.json'), 'utf8')).toBe('old');
    expect(lstatSync(join(root, 'sessions')).mode & 0o777).toBe(0o755);
  });
});

describe('side files of databases', () => {
  const merge = (live: Record<string, string>) => {
    for (const [path, content] of Object.entries(live)) writeFileSync(join(root, path), content, 'latin1');
    return restoreBackup(new StateStore(root), snapshotOf([file('x.db', `${DATABASE} new`)]), OPTIONS);
  };

  test('go with the database, and come back with it', async () => {
    await merge({ 'x.db': `${DATABASE} old`, 'x.db-wal': LOG, 'x.db-shm': 'shared', 'x.db-journal': '' });
    expect(readdirSync(root)).toEqual(['x.db']);
    writeFileSync(join(root, 'x.db-wal'), LOG, 'latin1');
    await undoRestore({ stateDir: root });
    expect(readFileSync(join(root, 'x.db-shm'), 'utf8')).toBe('shared');
    expect(readFileSync(join(root, 'x.db'), 'utf8')).toContain('old');
  });

  test('go also where there is no database, or one that is encrypted', async () => {
    await merge({ 'x.db-wal': LOG });
    expect(readdirSync(root)).toEqual(['x.db']);
  });

  test('a name alone makes no side file', async () => {
    const live = { 'x.db': 'a text', 'x.db-journal': 'my journal', 'x.db-shm': 'mine', 'x.db-wal': 'mine too' };
    await merge(live);
    expect(readdirSync(root).sort()).toEqual(Object.keys(live).sort());
    expect(existsSync(join(root, 'x.db-journal'))).toBe(true);
  });
});
