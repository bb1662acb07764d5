/** Archives of an ordinary tree, made by the tools that people have: all are taken, and restore what the tools extract. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BackupEvent, verifySnapshot } from 'oxios-backup';
import * as tar from 'tar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TempDir } from '../workroom.ts';
import { MISSING, Readers } from './readers.ts';

const room = new TempDir();
const tree = room.path('tree');
let readers: Readers;

const SECTIONS = [
  { name: 'memory/facts', entry_count: 2 },
  { name: 'sessions', entry_count: 1 },
];

function write(path: string, content: string | Buffer): void {
  writeFileSync(join(tree, path), content);
}

beforeAll(() => {
  readers = new Readers(room.fresh('readers'));
  const long = `${'deep/'.repeat(30)}er`;
  for (const folder of ['memory/facts', 'sessions', 'empty', `blobs/${long}`])
    mkdirSync(join(tree, folder), { recursive: true });
  write(
    'manifest.json',
    JSON.stringify({ version: 1, created_at: '2026-03-03T02:00:00Z', oxios_version: '0.3.0', sections: SECTIONS }),
  );
  write('memory/facts/a.json', '{"content":"a"}');
  write('memory/facts/b.md', '# b\n');
  write('sessions/s.json', '{}');
  write('blobs/large', Buffer.alloc(3_000_000, 'large'));
  write('blobs/empty', '');
  write(`blobs/${'n'.repeat(200)}`, 'long name');
  write(`blobs/${long}/${'m'.repeat(120)}`, 'long path');
  write('blobs/Łódź 東京 🌱.md', 'letters');
  write('blobs/script.sh', '#!/bin/sh\n');
  chmodSync(join(tree, 'blobs/script.sh'), 0o755);
  linkSync(join(tree, 'memory/facts/b.md'), join(tree, 'memory/facts-b'));
  symlinkSync('memory/facts', join(tree, 'facts'));
  symlinkSync(`blobs/${long}/${'m'.repeat(120)}`, join(tree, 'far'));
});

afterAll(() => readers.close());

const REST = ['blobs', 'empty', 'facts', 'far', 'memory', 'sessions'];
const ALL = ['manifest.json', ...REST];
const run = (command: string, ...words: string[]): Buffer =>
  execFileSync(command, words, { cwd: tree, maxBuffer: 2 ** 28, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
const PYTHON = `import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|gz', format=int(sys.argv[1])) as out:
  for name in sys.argv[2:]: out.add(name)`;

const MAKERS: Record<string, () => Buffer | Promise<Buffer>> = {
  'GNU tar, gnu format': () => run('tar', '-cz', '--format=gnu', ...ALL),
  'GNU tar, oldgnu format': () => run('tar', '-cz', '--format=oldgnu', ...ALL),
  'GNU tar, pax format': () => run('tar', '-cz', '--format=pax', ...ALL),
  'GNU tar, pax format, reproducible': () =>
    run('tar', '-cz', '--format=pax', '--sort=name', '--pax-option=delete=atime,delete=ctime', '--owner=0', ...ALL),
  'GNU tar, large owners': () => run('tar', '-cz', '--format=pax', '--owner=:3000000', '--group=:3000000', ...ALL),
  'GNU tar, large owners, gnu format': () =>
    run('tar', '-cz', '--format=gnu', '--owner=:3000000', '--group=:3000000', ...ALL),
  'GNU tar, behind ./': () =>
    run('tar', '-cz', './manifest.json', '--exclude=./manifest.json/x', './memory', './sessions'),
  'GNU tar, ustar format': () => run('tar', '-cz', '--format=ustar', '--exclude=blobs', '--exclude=far', ...ALL),
  'GNU tar, compressed by two processes': () =>
    Buffer.concat([readGzip(['manifest.json'], true), run('tar', '-cz', ...REST)]),
  bsdtar: () => run('bsdtar', '-czf', '-', ...ALL),
  'bsdtar, pax format': () => run('bsdtar', '-czf', '-', '--format=pax', ...ALL),
  'bsdtar, gnu format': () => run('bsdtar', '-czf', '-', '--format=gnutar', '--exclude=far', ...ALL),
  'bsdtar, ustar format': () =>
    run('bsdtar', '-czf', '-', '--format=ustar', '--exclude=blobs', '--exclude=far', ...ALL),
  busybox: () => run('busybox', 'tar', '-czf', '-', ...ALL),
  'Python, GNU format': () => run('python3', '-c', PYTHON, '1', ...ALL),
  'Python, pax format': () => run('python3', '-c', PYTHON, '2', ...ALL),
  'node-tar': async () => {
    const file = room.fresh('node-tar');
    await tar.c({ file, gzip: true, cwd: tree }, ALL);
    return readFileSync(file);
  },
  'node-tar, portable': async () => {
    const file = room.fresh('node-tar');
    await tar.c({ file, gzip: true, cwd: tree, portable: true }, ALL);
    return readFileSync(file);
  },
};

/** A tar of these, without its end where another follows. */
function readGzip(names: string[], open: boolean): Buffer {
  const bytes = run('tar', '-c', ...names);
  return gzipSync(open ? bytes.subarray(0, 1024) : bytes);
}

const title = (name: string): string => (MISSING.length === 0 ? name : `${name} (skipped: no ${MISSING.join(', ')})`);

for (const [name, make] of Object.entries(MAKERS)) {
  test.skipIf(MISSING.length > 0)(title(name), async () => {
    const archive = await make();
    const file = room.fresh('archive');
    writeFileSync(file, archive);
    expect((await verifySnapshot({ snapshot: file, threads: 1 })).problems).toEqual([]);
    expect(await readers.compare(archive)).toEqual({});
  });
}

test.skipIf(MISSING.length > 0 || spawnSync('which', ['git']).status !== 0)('git archive', async () => {
  run('git', 'init', '-q', '.');
  const identity = ['-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'commit.gpgsign=false'];
  run('git', ...identity, 'add', '-A');
  run('git', ...identity, 'commit', '-q', '-m', 'x');
  // Paths in the order that is asked for is not git's way: an archive of a tree that begins with the manifest.
  const archive = run('git', 'archive', '--format=tar.gz', 'HEAD', 'manifest.json', 'memory', 'sessions');
  const file = room.fresh('archive');
  writeFileSync(file, archive);
  expect((await verifySnapshot({ snapshot: file, threads: 1 })).problems).toEqual([]);
  expect(await readers.compare(archive)).toEqual({});
});

test.skipIf(MISSING.length > 0)(
  title('macOS tar: attributes in records and in AppleDouble files get a notice'),
  async () => {
    const double = Buffer.from('00051607000200004d6163204f5320582020202020202020', 'hex');
    write('._manifest.json', double);
    write('memory/facts/._a.json', double);
    run('setfattr', '-n', 'user.com.apple.quarantine', '-v', '0083;x', 'memory/facts/a.json');
    const archive = run('bsdtar', '-czf', '-', '--format=pax', '--xattrs', '._manifest.json', ...ALL);
    const file = room.fresh('archive');
    writeFileSync(file, archive);
    const events: BackupEvent[] = [];
    const { problems } = await verifySnapshot({ snapshot: file, threads: 1, onEvent: (event) => events.push(event) });
    expect(problems).toEqual([]);
    expect(events.filter(({ type }) => type === 'notice')).toEqual([
      expect.objectContaining({ path: 'memory/facts/a.json', message: expect.stringContaining('attributes') }),
      expect.objectContaining({ path: '._manifest.json', message: expect.stringContaining('AppleDouble') }),
    ]);
    expect(await readers.compare(archive)).toEqual({});
  },
);
