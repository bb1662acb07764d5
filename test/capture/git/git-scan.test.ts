import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CaptureItem, LiveSource } from '../../../src/capture/capture-item.ts';
import { captureState } from '../../../src/capture/capture-state.ts';
import { exclusionsOf } from '../../../src/capture/exclusions.ts';
import { LiveFile } from '../../../src/capture/live-file.ts';
import { isRead, readLiveFile } from '../../../src/capture/read-file.ts';
import { scanStateDir } from '../../../src/capture/scan.ts';
import { comparePaths } from '../../../src/format/path-order.ts';
import { type Collected, collect, temporaryFolder } from '../collect.ts';

const ENVIRONMENT = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
};

let folder: ReturnType<typeof temporaryFolder>;
let state: string;
let restored: string;
beforeEach(() => {
  folder = temporaryFolder();
  state = join(folder.path, 'state');
  restored = join(folder.path, 'restored');
  mkdirSync(state);
  git(state, 'init', '-q', '-b', 'main');
});
afterEach(() => folder.remove());

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    env: ENVIRONMENT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function commit(name: string, content = name): string {
  writeFileSync(join(state, name), content);
  git(state, 'add', '-A');
  git(state, 'commit', '-q', '-m', name);
  return git(state, 'rev-parse', 'HEAD');
}

/** Puts the items down in a folder as a restore would. */
function putDown(items: CaptureItem[], target: string): void {
  mkdirSync(target);
  for (const item of items) {
    const absolute = join(target, item.path);
    if (item.type === 'directory') mkdirSync(absolute);
    else if (item.type === 'symlink') symlinkSync(item.link, absolute);
    else if (item.type === 'hardlink') linkSync(join(target, item.link), absolute);
    else writeFileSync(absolute, contentOf(item));
  }
}

function contentOf({ source, path }: Extract<CaptureItem, { type: 'file' }>): Uint8Array {
  if (source.kind === 'bytes') return source.bytes;
  if (source.kind === 'copy') return readFileSync(source.absolute);
  if (source.held !== undefined) return contentOfLarge(source);
  const read = readLiveFile(source, Buffer.alloc(0), 0);
  // The files of the work tree come and go; those of git must not.
  if (!isRead(read) && path.startsWith('.git/')) throw new Error(`${path}: ${read.detail}`);
  return isRead(read) ? (read.overflow ?? new Uint8Array(0)) : new Uint8Array(0);
}

function contentOfLarge(source: LiveSource): Uint8Array {
  const file = LiveFile.open(source);
  if (!(file instanceof LiveFile)) throw new Error(file.detail);
  const bytes = Buffer.alloc(file.size);
  file.read(bytes, 0, file.size);
  expect(file.finish()).toEqual({ status: 'ok', detail: '' });
  return bytes;
}

function expectSound(repository: string): void {
  // Dangling objects, of a commit that was on its way, are no fault.
  const said = git(repository, 'fsck', '--full', '--strict', '--no-dangling');
  expect(said.replace(/^notice: .*$/gm, '').trim()).toBe('');
}

test('a quiet repository comes whole, in order, with its refs read ahead', async () => {
  const head = commit('a.json');
  git(state, 'branch', 'other');
  git(state, 'tag', '-a', 'v1', '-m', 'one');
  const { items, paths, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  expect(paths).toEqual([...paths].sort(comparePaths));
  const kinds = new Map(items.map((item) => [item.path, item.type === 'file' ? item.source.kind : item.type]));
  expect(kinds.get('.git/HEAD')).toBe('bytes');
  expect(kinds.get('.git/refs/heads/main')).toBe('bytes');
  expect(kinds.get('a.json')).toBe('live');
  const index = lstatSync(join(state, '.git/index'), { bigint: true });
  expect(items.find(({ path }) => path === '.git/index')).toMatchObject({
    mtimeNs: index.mtimeNs,
    size: Number(index.size),
  });
  putDown(items, restored);
  expectSound(restored);
  expect(git(restored, 'rev-parse', 'HEAD', 'other', 'v1^{commit}')).toBe([head, head, head].join('\n'));
  expect(git(restored, 'status', '--porcelain')).toBe('');
});

test('packed objects and packed refs come whole', async () => {
  for (let i = 0; i < 20; i++) commit(`f${i}.json`, `${i}`.repeat(1000));
  git(state, 'tag', 'v1');
  git(state, 'gc', '-q');
  const head = commit('behind.json');
  const { items, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  putDown(items, restored);
  expectSound(restored);
  expect(git(restored, 'rev-parse', 'HEAD')).toBe(head);
});

test('a large pack, or object, that is gone before its turn comes is read all the same', async () => {
  for (const name of ['a.bin', 'b.bin']) {
    writeFileSync(join(state, name), randomBytes(1_200_000));
    git(state, 'add', name);
    git(state, 'commit', '-q', '-m', name);
    if (name === 'a.bin') git(state, 'repack', '-d', '-q');
  }
  const head = git(state, 'rev-parse', 'HEAD');
  const packs = () => readdirSync(join(state, '.git/objects/pack')).filter((name) => name.endsWith('.pack'));
  const before = packs();
  const report = { excluded() {}, notice() {}, incomplete: (path: string) => expect.unreachable(path) };
  const options = {
    exclusions: exclusionsOf(state, { excludes: ['*.bin'] }),
    isBackupManifest: () => false,
    report,
    scratch: () => '',
  };
  for await (const items of captureState(state, options)) {
    git(state, 'repack', '-a', '-d', '-q');
    putDown(items, restored);
  }
  expect(packs()).not.toEqual(before);
  expectSound(restored);
  expect(git(restored, 'rev-parse', 'HEAD')).toBe(head);
});

test('what git is writing is excluded, and what only looks like it is not', async () => {
  commit('a.json');
  for (const path of [
    '.git/index.lock',
    '.git/refs/heads/x.lock',
    '.git/objects/pack/tmp_pack_abcdef',
    '.git/objects/tmp_obj_xxxxxx',
  ]) {
    writeFileSync(join(state, path), '');
  }
  mkdirSync(join(state, '.git/objects/incoming-abcdef'));
  for (const path of ['Cargo.lock', 'tmp_obj_x']) writeFileSync(join(state, path), '');
  const { paths, excluded, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  expect(excluded.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
    '.git/index.lock: a lock of git',
    '.git/objects/incoming-abcdef: git was receiving into it',
    '.git/objects/pack/tmp_pack_abcdef: git was writing it',
    '.git/objects/tmp_obj_xxxxxx: git was writing it',
    '.git/refs/heads/x.lock: a lock of git',
  ]);
  expect(paths).toEqual(expect.arrayContaining(['Cargo.lock', 'tmp_obj_x']));
});

test('an object that a ref names and that the repository lacks is said, and does not count as missing: it is in none of the two', async () => {
  const head = commit('a.json');
  const object = `.git/objects/${head.slice(0, 2)}/${head.slice(2)}`;
  rmSync(join(state, object));
  const { incomplete, notices } = await collect(state);
  expect(incomplete).toEqual([]);
  expect(notices).toEqual([
    {
      path: object,
      message: 'refs/heads/main names it, and the repository is damaged: it is nowhere (see git fsck)',
    },
  ]);
});

test('an object that a ref names and that was removed meanwhile, with the ref, is named as missing', async () => {
  const head = commit('a.json');
  const object = `.git/objects/${head.slice(0, 2)}/${head.slice(2)}`;
  const incomplete: unknown[] = [];
  const scan = scanStateDir(state, {
    exclusions: exclusionsOf(state, { excludes: [] }),
    report: {
      excluded() {},
      notice() {},
      incomplete: (path, status, detail) => incomplete.push({ path, status, detail }),
    },
    isBackupManifest: () => false,
    onPinned() {},
    dryRun: false,
  });
  for (const { path } of scan) {
    // Everything but the objects has been read by now.
    if (path !== '.git') continue;
    rmSync(join(state, object));
    rmSync(join(state, '.git/refs/heads/main'));
  }
  expect(incomplete).toEqual([
    {
      path: object,
      status: 'unreadable',
      detail: 'refs/heads/main names this object, and git moved or removed it meanwhile',
    },
  ]);
});

test('hard links between what git keeps, and out of it, come back as such', async () => {
  commit('a.json');
  linkSync(join(state, '.git/config'), join(state, 'config-link'));
  linkSync(join(state, '.git/index'), join(state, '.git/index.copy'));
  const { items } = await collect(state);
  const links = items.flatMap((item) => (item.type === 'hardlink' ? [`${item.path} is ${item.link}`] : []));
  expect(links).toEqual(['.git/index.copy is .git/index', 'config-link is .git/config']);
});

test('a repository that borrows objects, one with hard links to another, one within', async () => {
  const head = commit('a.json');
  git(folder.path, 'clone', '-q', '--shared', state, join(folder.path, 'borrower'));
  const shared = await collect(join(folder.path, 'borrower'));
  expect(shared.incomplete).toEqual([]);
  expect(shared.notices[0]?.message).toContain('alternates');
  git(folder.path, 'clone', '-q', '--local', state, join(state, 'projects'));
  git(folder.path, 'clone', '-q', '--bare', '--no-hardlinks', state, join(state, 'mirror.git'));
  const { items, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  expect(items.some(({ type }) => type === 'hardlink')).toBe(true);
  putDown(items, restored);
  for (const path of ['', 'projects', 'mirror.git']) {
    expectSound(join(restored, path));
    expect(git(join(restored, path), 'rev-parse', 'HEAD')).toBe(head);
  }
});

test('an unborn branch, SHA-256 names, a detached HEAD', async () => {
  expect((await collect(state)).incomplete).toEqual([]);
  rmSync(join(state, '.git'), { recursive: true });
  git(state, 'init', '-q', '-b', 'main', '--object-format=sha256');
  const head = commit('a.json');
  git(state, 'checkout', '-q', '--detach');
  git(state, 'gc', '-q');
  const { items, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  putDown(items, restored);
  expectSound(restored);
  expect(git(restored, 'rev-parse', 'HEAD')).toBe(head);
});

test('names that are patterns of the user are excluded in a repository, too', async () => {
  commit('a.json');
  const { paths, excluded } = await collect(state, { excludes: ['.git/hooks', '.git/description'] });
  expect(paths).not.toContain('.git/hooks');
  expect(excluded.map(({ path }) => path)).toEqual(['.git/description', '.git/hooks']);
});

test('commits, new branches and garbage collections meanwhile leave an intact repository', async () => {
  commit('seed.json');
  const script = `
    n=0
    while true; do
      n=$((n + 1))
      echo $n > state-$((n % 40)).json
      git add -A; git commit -q -m $n; git branch b$n
      [ $((n % 7)) = 0 ] && git gc -q --prune=now
      [ $((n % 5)) = 0 ] && git pack-refs --all
    done
  `;
  const child = spawn('sh', ['-c', script], { cwd: state, env: ENVIRONMENT, stdio: 'ignore', detached: true });
  const stop = async () => {
    process.kill(-(child.pid as number), 'SIGKILL');
    await once(child, 'exit');
    // Those of its group that were in a system call end a little later.
    await setTimeout(100);
  };
  try {
    for (let i = 0; i < 8; i++) {
      await setTimeout(150);
      const before = git(state, 'rev-parse', 'HEAD');
      const captured: Collected = await collect(state);
      expect(captured.incomplete.filter(({ path }) => path.startsWith('.git/'))).toEqual([]);
      const target = `${restored}-${i}`;
      putDown(captured.items, target);
      expectSound(target);
      expect(git(target, 'merge-base', '--is-ancestor', before, 'HEAD')).toBe('');
    }
  } finally {
    await stop();
  }
});

test('only what git itself locks is a lock', async () => {
  commit('a.json');
  const files = [
    ...[
      'hooks/post.lock',
      'yarn.lock',
      'lfs/files.lock',
      'info/notes.lock',
      'objects/mine.lock',
      'objects/tmp_obj_short',
    ],
    ...['objects/pack/tmp_notes_abcdef', 'my_HEAD.lock.txt'],
  ];
  const locks = [
    'HEAD.lock',
    'config.lock',
    'packed-refs.lock',
    'shallow.lock',
    'refs/heads/a/b.lock',
    'logs/HEAD.lock',
  ];
  for (const path of [...files, ...locks]) {
    mkdirSync(join(state, '.git', path, '..'), { recursive: true });
    writeFileSync(join(state, '.git', path), path);
  }
  const { paths, excluded, incomplete } = await collect(state);
  expect(incomplete).toEqual([]);
  expect(paths).toEqual(expect.arrayContaining(files.map((path) => `.git/${path}`)));
  expect(excluded.map(({ path }) => path).sort()).toEqual(locks.map((path) => `.git/${path}`).sort());
});

test('a directory that only looks like a repository is one of files', async () => {
  for (const path of [
    'HEAD',
    'objects/tmp_obj_abcdef',
    'refs/heads/main.lock',
    'index.lock',
    'objects/incoming-abcdef/x',
  ]) {
    mkdirSync(join(state, 'looks', path, '..'), { recursive: true });
    writeFileSync(join(state, 'looks', path), 'of the user');
  }
  const { paths, excluded, items } = await collect(state);
  expect(excluded).toEqual([]);
  expect(paths.filter((path) => path.startsWith('looks/'))).toHaveLength(9);
  for (const item of items) {
    if (item.type === 'file' && item.path.startsWith('looks/')) expect(item.source.kind).toBe('live');
  }
});

test('what the user excludes from a repository does not count as missing, nor does what it held', async () => {
  commit('a.json');
  git(state, 'gc', '-q');
  commit('b.json');
  for (const excludes of [
    ['.git/objects/'],
    ['*.pack'],
    ['*.idx'],
    ['.git/objects/??/'],
    ['.git/objects/pack'],
    ['HEAD'],
    ['refs'],
  ]) {
    const { incomplete, excluded } = await collect(state, { excludes });
    expect([excludes, incomplete]).toEqual([excludes, []]);
    expect(excluded.length).toBeGreaterThan(0);
  }
});

test('a database that others keep in a repository is captured as one', async () => {
  commit('a.json');
  mkdirSync(join(state, '.git/tool'));
  const script = `import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA user_version=7').connection.close()`;
  execFileSync('python3', ['-c', script, join(state, '.git/tool/db')]);
  utimesSync(join(state, '.git/tool/db'), 1_700_000_000, 1_700_000_000);
  const { items } = await collect(state);
  expect(items.find(({ path }) => path === '.git/tool/db')).toMatchObject({
    source: { kind: 'live', idleDatabase: true },
  });
});
