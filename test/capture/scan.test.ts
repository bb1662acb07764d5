import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exclusionsOf } from '../../src/capture/exclusions.ts';
import { openStateDir } from '../../src/capture/state-directory.ts';
import { comparePaths } from '../../src/format/path-order.ts';
import { collect, temporaryFolder } from './collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function put(path: string, content = ''): string {
  const absolute = join(folder.path, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, content);
  return absolute;
}

/** Of a backup that Oxios made. */
const MANIFEST = JSON.stringify({
  version: 1,
  created_at: '2026-11-01T00:00:00Z',
  oxios_version: '1.0.0',
  sections: [],
});

test('yields every kind of entry in the order of the format', async () => {
  put('a/x.json', '{}');
  put('a.json', '1');
  put('a-b/deep/er.md');
  put('\u{1f600}.md');
  put('\uff21.md');
  mkdirSync(join(folder.path, 'empty'));
  symlinkSync('a/x.json', join(folder.path, 'link'));
  const { paths, items, incomplete, excluded } = await collect(folder.path);
  expect(paths).toEqual([
    ...['a', 'a/x.json', 'a-b', 'a-b/deep', 'a-b/deep/er.md', 'a.json', 'empty', 'link'],
    ...['\uff21.md', '\u{1f600}.md'],
  ]);
  expect(items.find(({ path }) => path === 'link')).toMatchObject({ type: 'symlink', link: 'a/x.json', mode: 0o777 });
  expect([incomplete, excluded]).toEqual([[], []]);
});

test('says of a file what the index needs', async () => {
  const absolute = put('run.sh', 'echo');
  chmodSync(absolute, 0o750);
  execFileSync('touch', ['-d', '1969-12-31T23:59:58.75Z', absolute]);
  const { items } = await collect(folder.path);
  const stat = lstatSync(absolute, { bigint: true });
  expect(items[0]).toMatchObject({ mode: 0o750, uid: Number(stat.uid), gid: Number(stat.gid), mtimeNs: -1250000000n });
  expect(items[0]).toMatchObject({
    size: 4,
    source: { kind: 'live', absolute, idleDatabase: false },
  });
});

test('any tree comes in the order of the format', async () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => {
    return !/[/\0]|^\.{1,2}$/.test(text) && text.isWellFormed() && !text.startsWith('.oxios') && text !== 'backups';
  });
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.map((part) => `${part}_`).join('/'));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 20 }), async (files) => {
      const tree = temporaryFolder();
      try {
        for (const file of files) mkdirSync(join(tree.path, file), { recursive: true });
        const { paths } = await collect(tree.path);
        expect(paths).toEqual([...paths].sort(comparePaths));
        expect(paths).toEqual(expect.arrayContaining(files));
      } finally {
        tree.remove();
      }
    }),
    { numRuns: 50 },
  );
});

test('further names of a file are hard links to the first that was kept', async () => {
  const first = put('b/one.json', 'same');
  linkSync(first, join(folder.path, 'c.json'));
  linkSync(first, join(folder.path, 'a.json.77.0f8fad5b-d9cb-469f-a165-70867728950e.tmp'));
  const { items, excluded } = await collect(folder.path);
  expect(items.map(({ path, type }) => `${type} ${path}`)).toEqual([
    'directory b',
    'file b/one.json',
    'hardlink c.json',
  ]);
  expect(items[2]).toMatchObject({ link: 'b/one.json', size: 4, source: { kind: 'live' } });
  expect(excluded).toMatchObject([{ reason: 'StateStore was writing it', size: 4 }]);
});

test('what is not state is excluded, and is named', async () => {
  put('backups/20261101/manifest.json', MANIFEST);
  put('backups/20261101/sessions/a.json');
  put('sessions/backups/kept.json');
  put('.git-like.lock');
  mkdirSync(join(folder.path, '.oxios-backup'));
  execFileSync('mkfifo', [join(folder.path, 'pipe')]);
  const server = createServer().listen(join(folder.path, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const { paths, excluded } = await collect(folder.path);
  server.close();
  expect(paths).toEqual(['.git-like.lock', 'sessions', 'sessions/backups', 'sessions/backups/kept.json']);
  expect(excluded).toEqual([
    { path: '.oxios-backup', type: 'directory', reason: 'put there by oxios-backup itself' },
    { path: 'backups', type: 'directory', reason: 'the folder where Oxios puts its own backups' },
    { path: 'pipe', type: 'fifo', reason: 'a FIFO' },
    { path: 'socket', type: 'socket', reason: 'a socket' },
  ]);
});

test('a dry run adds up what directories hold that are excluded', async () => {
  put('backups/old/manifest.json', MANIFEST);
  put('backups/old/deep/b', '678');
  const { excluded } = await collect(folder.path, { dryRun: true });
  expect(excluded).toMatchObject([{ path: 'backups', size: MANIFEST.length + 3 }]);
});

test('the output is known by identity, under any name', async () => {
  const output = put('sessions/snapshot', 'x');
  linkSync(output, join(folder.path, 'another-name'));
  symlinkSync(folder.path, join(folder.path, 'loop'));
  const fd = openSync(join(folder.path, 'loop/sessions/snapshot'), 'r');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  closeSync(fd);
  const { paths, excluded } = await collect(folder.path, { output: [{ dev, ino }] });
  expect(paths).toEqual(['loop', 'sessions']);
  expect(excluded.map(({ path, reason }) => [path, reason])).toEqual([
    ['another-name', 'the snapshot itself'],
    ['sessions/snapshot', 'the snapshot itself'],
  ]);
});

test('patterns of the user are those of gitignore', async () => {
  for (const path of ['a/cache/x', 'a/keep.bin', 'a/drop.bin', 'Drop.BIN', 'b/only/here']) put(path);
  const { paths, excluded } = await collect(folder.path, { excludes: ['*.bin', '!keep.bin', 'cache/', '/b/only'] });
  expect(paths).toEqual(['Drop.BIN', 'a', 'a/keep.bin', 'b']);
  expect(excluded.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
    'a/cache: matches cache/',
    'a/drop.bin: matches *.bin',
    'b/only: matches /b/only',
  ]);
});

test('names that are not UTF-8 are named incomplete; U+FFFD itself is a name', async () => {
  put('\ufffd.json');
  writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/bad-`), Buffer.from([0xff, 0x2e, 0x6d, 0x64])]), '');
  symlinkSync(Buffer.from([0x61, 0xfe]), join(folder.path, 'link'));
  const { paths, incomplete } = await collect(folder.path);
  expect(paths).toEqual(['\ufffd.json']);
  expect(incomplete).toEqual([
    { path: 'bad-\\xff.md', status: 'unreadable', detail: 'its name is not UTF-8' },
    { path: 'link', status: 'unreadable', detail: 'it points to a name that is not UTF-8: a\\xfe' },
  ]);
});

test('links that lead outside are kept and named', async () => {
  mkdirSync(join(folder.path, 'a'));
  symlinkSync('/etc/passwd', join(folder.path, 'absolute'));
  symlinkSync('../../outside', join(folder.path, 'a/up'));
  symlinkSync('../absolute', join(folder.path, 'a/inside'));
  const { paths, notices } = await collect(folder.path);
  expect(paths).toEqual(['a', 'a/inside', 'a/up', 'absolute']);
  expect(notices.map(({ path }) => path)).toEqual(['a/up', 'absolute']);
});

test('set-id bits of files are not kept, and that is said', async () => {
  chmodSync(put('tool'), 0o6755);
  mkdirSync(join(folder.path, 'shared'));
  chmodSync(join(folder.path, 'shared'), 0o2775);
  const { items, notices } = await collect(folder.path);
  expect(items.map(({ path, mode }) => [path, mode])).toEqual([
    ['shared', 0o2775],
    ['tool', 0o755],
  ]);
  expect(notices).toMatchObject([{ path: 'tool' }]);
});

test('the manifest of a backup is excluded; any other takes the name', async () => {
  const absolute = put('manifest.json', '{"version":1}');
  const { paths, excluded } = await collect(folder.path, { isBackupManifest: (bytes) => bytes.length === 13 });
  expect([paths, excluded.map(({ path }) => path)]).toEqual([[], ['manifest.json']]);
  await expect(collect(folder.path)).rejects.toMatchObject({ code: 'MANIFEST_NAME_TAKEN', path: absolute });
  expect((await collect(folder.path, { excludes: ['/manifest.json'] })).excluded).toHaveLength(1);
});

test('a state directory that is not there or no directory is an error', () => {
  expect(() => openStateDir(join(folder.path, 'none'))).toThrow(expect.objectContaining({ code: 'STATE_DIR_MISSING' }));
  expect(() => openStateDir(put('file'))).toThrow(expect.objectContaining({ code: 'STATE_DIR_MISSING' }));
  chmodSync(folder.path, 0o750);
  expect(openStateDir(folder.path)).toMatchObject({ root: folder.path, top: { mode: 0o750 } });
});

test('a directory that cannot be listed is named as missing, and is no entry', async () => {
  put('secret/a.json');
  put('z.json');
  chmodSync(join(folder.path, 'secret'), 0);
  const { paths, incomplete } = await withoutPrivileges(() => collect(folder.path));
  chmodSync(join(folder.path, 'secret'), 0o700);
  expect(paths).toEqual(['z.json']);
  expect(incomplete).toEqual([{ path: 'secret', status: 'unreadable', detail: 'EACCES: permission denied' }]);
});

test('a state directory that cannot be listed is an error', async () => {
  chmodSync(folder.path, 0o311);
  await withoutPrivileges(() => expect(collect(folder.path)).rejects.toMatchObject({ code: 'PERMISSION' }));
});

/** Root may read everything: does as somebody else what this is to show. */
async function withoutPrivileges<Result>(act: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return act();
  if ((lstatSync(folder.path).mode & 0o777) === 0o700) chmodSync(folder.path, 0o755);
  process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

test('what vanishes between two batches is named', async () => {
  for (let i = 0; i < 600; i++) put(`f${String(i).padStart(4, '0')}.json`);
  const late = put('z.json');
  mkdirSync(join(folder.path, 'zz'));
  const options = { isBackupManifest: () => false };
  const { captureState } = await import('../../src/capture/capture-state.ts');
  const incomplete: string[] = [];
  const report = {
    excluded() {},
    notice() {},
    incomplete: (path: string, status: string) => void incomplete.push(`${status} ${path}`),
  };
  const scratch = () => '';
  const exclusions = exclusionsOf(folder.path, { excludes: [] });
  for await (const _ of captureState(folder.path, { exclusions, report, scratch, ...options })) {
    execFileSync('rm', ['-rf', late, join(folder.path, 'zz')]);
  }
  expect(incomplete).toEqual(['deleted z.json', 'deleted zz']);
});

test('a directory too deep for the system is named as missing', async () => {
  const script = `import os, sys\nos.chdir(sys.argv[1])\nfor i in range(25): os.mkdir('d' * 200); os.chdir('d' * 200)`;
  execFileSync('python3', ['-c', script, folder.path]);
  const { paths, incomplete } = await collect(folder.path);
  expect(incomplete).toEqual([
    {
      path: expect.stringMatching(/^(?:d{200}\/)+d{200}$/),
      status: 'unreadable',
      detail: 'ENAMETOOLONG: name too long',
    },
  ]);
  expect(paths).toHaveLength((incomplete[0]?.path.split('/').length ?? 0) - 1);
  execFileSync('rm', ['-rf', folder.path]);
});

test('an aborted capture rejects', async () => {
  put('a');
  await expect(collect(folder.path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});
