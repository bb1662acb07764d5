import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collect, temporaryFolder } from './collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function put(path: string | Buffer, content = 'x'): void {
  const absolute = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from(path)]);
  const text = absolute.toString('latin1');
  mkdirSync(Buffer.from(dirname(text), 'latin1'), { recursive: true });
  writeFileSync(absolute, content);
}

/** What was left out, each with its type. */
async function excluded(excludes: string[], options: Parameters<typeof collect>[1] = {}) {
  const collected = await collect(folder.path, { excludes, ...options });
  expect(collected.incomplete).toEqual([]);
  return collected.excluded.map(({ path, type, reason }) => `${type} ${path}: ${reason}`);
}

test('names that are not UTF-8 are matched with U+FFFD for what is not', async () => {
  put(Buffer.from('x\xff.log', 'latin1'));
  put(Buffer.from('d\xfe/a', 'latin1'));
  put('kept.json');
  expect(await excluded(['*.log', 'd?/'])).toEqual(['directory d\\xfe: matches d?/', 'file x\\xff.log: matches *.log']);
  expect(await excluded(['x\ufffd.log', 'd*'])).toHaveLength(2);
});

test('a pattern for directories takes directories, and no file', async () => {
  put('cache/a');
  put('deep/cache');
  put('kept/cache/a');
  expect(await excluded(['cache/', '!kept/cache/'])).toEqual(['directory cache: matches cache/']);
});

test('names that the rules of gitignore treat apart are names', async () => {
  for (const name of ['...', '-', ' ', 'a\\b', 'a\nb', '#', '!x']) put(name);
  expect(await excluded(['a\\\\b', '\\#', '\\!x', '-'])).toHaveLength(4);
});

test('what is excluded is not looked at in a dry run either', async () => {
  put('cache/a', '12345');
  const collected = await collect(folder.path, { excludes: ['cache'], dryRun: true });
  expect(collected.excluded).toEqual([{ path: 'cache', type: 'directory', reason: 'matches cache' }]);
});

const fuse = process.getuid?.() === 0 && existsSync('/dev/fuse');

test.skipIf(!fuse)(
  'a mount that does not answer does not count as missing where it is excluded (needs root and /dev/fuse)',
  async () => {
    put('kept.json');
    const mount = join(folder.path, 'deep/m');
    mkdirSync(mount, { recursive: true });
    // The one who would answer ends at once.
    const script = `import os, sys, ctypes
fd = os.open('/dev/fuse', os.O_RDWR)
options = b'fd=%d,rootmode=40000,user_id=0,group_id=0' % fd
sys.exit(ctypes.CDLL(None).mount(b'fuse', sys.argv[1].encode(), b'fuse', 0, options))`;
    execFileSync('python3', ['-c', script, mount]);
    try {
      for (const pattern of ['/deep/m', 'm/', 'deep/', '/deep/*', 'deep/**'])
        for (const dryRun of [false, true]) expect(await excluded([pattern], { dryRun })).toHaveLength(1);
      const { incomplete } = await collect(folder.path);
      expect(incomplete).toMatchObject([{ path: 'deep/m', status: 'unreadable' }]);
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'what nobody may read does not count as missing where it is excluded, in a repository too (needs root)',
  async () => {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: folder.path, stdio: 'ignore' });
    git('init', '-q');
    for (const path of ['secret/a', 'key.pem', '.git/hooks/key.pem', '.git/refs/secret/a', '.git/tool/deep/key.pem'])
      put(path);
    for (const path of ['secret', 'key.pem', '.git/hooks/key.pem', '.git/refs/secret', '.git/tool/deep/key.pem'])
      chmodSync(join(folder.path, path), 0);
    execFileSync('chmod', ['755', folder.path]);
    process.seteuid?.(65_534);
    try {
      expect(await excluded(['secret/', '*.pem'])).toHaveLength(5);
      const { incomplete } = await collect(folder.path);
      expect(incomplete.map(({ path }) => path)).toEqual(['.git/refs/secret', 'secret']);
    } finally {
      process.seteuid?.(0);
    }
  },
);
