/** A snapshot is an ordinary .tar.gz to everybody else: other tools list and unpack it without a word of complaint. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createBackup, StateStore } from 'oxios-backup';
import * as tar from 'tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../fixtures/build-workspace.ts';
import { compareTrees, readTree, type TreeNode } from '../fixtures/compare-trees.ts';

const READER = fileURLToPath(new URL('format/reader.py', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'oxios-foreign-'));
const snapshot = join(folder, 'snapshot.tar.gz');
let workspace: Map<string, TreeNode>;

beforeAll(async () => {
  const root = join(folder, 'workspace');
  buildWorkspace(root);
  workspace = readTree(root);
  await createBackup(new StateStore(root), snapshot);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const has = (tool: string): boolean => spawnSync('which', [tool], { stdio: 'ignore' }).status === 0;
/** Named and skipped where the machine lacks the tool. */
const withTool = (tool: string, title: string, body: () => void): void => {
  test.skipIf(!has(tool))(has(tool) ? title : `${title} (skipped: no ${tool} here)`, body);
};

/** Standard output of a tool that succeeds and has nothing to complain about. */
function output(command: string, ...words: string[]): string {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** What a listing should be: `manifest.json`, then every path of the workspace. */
function expectListing(paths: string[]): void {
  const bare = paths.map((path) => path.replace(/\/$/, ''));
  expect(bare[0]).toBe('manifest.json');
  expect(bare.slice(1).sort()).toEqual([...workspace.keys()].filter((path) => path !== '.').sort());
}

/** What was unpacked there, against the workspace: content always, modes, times and links as far as the tool gives them. */
function expectUnpacked(root: string, ignore: RegExp): void {
  const unpacked = readTree(root);
  expect(unpacked.delete('manifest.json')).toBe(true);
  // The snapshot has no entry for the state directory itself, and a tar no fractions of seconds.
  const whole = (tree: Map<string, TreeNode>) =>
    new Map(
      [...tree]
        .filter(([path]) => path !== '.')
        .map(([path, node]) => [path, { ...node, mtimeNs: node.mtimeNs - (node.mtimeNs % 1_000_000_000n) }]),
    );
  const differences = compareTrees(whole(workspace), whole(unpacked));
  expect(differences.filter((difference) => !ignore.test(difference))).toEqual([]);
}

function emptyFolder(name: string): string {
  mkdirSync(join(folder, name));
  return join(folder, name);
}

const NOTHING = /^$/;
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Differences in the times of these, which not every tool sets. */
function timesOf(...types: TreeNode['type'][]): RegExp {
  const paths = [...workspace].flatMap(([path, { type }]) => (types.includes(type) ? [escapeRegExp(path)] : []));
  return new RegExp(`^time: (${paths.join('|')}): `);
}

describe('listed', () => {
  withTool('tar', 'by GNU tar', () => expectListing(lines(output('tar', '--quoting-style=literal', '-tzf', snapshot))));
  withTool('gzip', 'by gzip and GNU tar, one after the other', () => {
    const script = 'set -o pipefail; gzip -dc "$0" | tar --quoting-style=literal -tf -';
    expectListing(lines(output('bash', '-c', script, snapshot)));
  });
  withTool('bsdtar', 'by bsdtar', () => expectListing(lines(output('bsdtar', '-tf', snapshot))));
  withTool('busybox', 'by busybox', () => expectListing(lines(output('busybox', 'tar', '-tzf', snapshot))));
  withTool('7z', 'by 7-Zip', () => {
    const tarFile = join(emptyFolder('7z-list'), 'snapshot.tar');
    output('7z', 'e', '-bso0', '-bsp0', `-o${join(folder, '7z-list')}`, snapshot);
    const listing = output('7z', 'l', '-slt', '-ba', tarFile);
    expectListing(lines(listing).flatMap((line) => (line.startsWith('Path = ') ? [line.slice(7)] : [])));
  });
  withTool('python3', 'by Python', () => {
    const script = 'import sys, tarfile\nfor m in tarfile.open(sys.argv[1], errorlevel=2): print(m.name)';
    expectListing(lines(output('python3', '-W', 'error', '-c', script, snapshot)));
  });
  test('by node-tar, strict', async () => {
    const paths: string[] = [];
    await tar.t({ file: snapshot, strict: true, onReadEntry: (entry) => paths.push(entry.path) });
    expectListing(paths);
  });
  withTool('python3', 'by the reader that was written from the format document', () => {
    const entries = lines(output('python3', READER, 'list', snapshot)).map((line) => JSON.parse(line).path as string);
    expectListing(['manifest.json', ...entries]);
  });
});

describe('unpacked', () => {
  withTool('tar', 'by GNU tar', () => {
    output('tar', '-xpzf', snapshot, '-C', emptyFolder('gnu'));
    expectUnpacked(join(folder, 'gnu'), NOTHING);
  });
  withTool('bsdtar', 'by bsdtar', () => {
    output('bsdtar', '-xpf', snapshot, '-C', emptyFolder('bsd'));
    expectUnpacked(join(folder, 'bsd'), NOTHING);
  });
  withTool('busybox', 'by busybox', () => {
    output('busybox', 'tar', '-xpzf', snapshot, '-C', emptyFolder('busybox'));
    expectUnpacked(join(folder, 'busybox'), timesOf('directory', 'symlink'));
  });
  withTool('7z', 'by 7-Zip', () => {
    const into = emptyFolder('7z');
    output('7z', 'e', '-bso0', '-bsp0', `-o${into}`, snapshot);
    // It calls every link dangerous that has a `..` in it, and knows neither hard links nor these modes and times.
    const climbing = [...workspace].flatMap(([path, { type, content }]) =>
      type === 'symlink' && content.startsWith('..') ? [path] : [],
    );
    const without = climbing.map((path) => `-x!${path}`);
    output('7z', 'x', '-bso0', '-bsp0', `-o${join(into, 'tree')}`, ...without, join(into, 'snapshot.tar'));
    const missing = climbing.map((path) => `missing: ${escapeRegExp(path)}$`);
    expectUnpacked(join(into, 'tree'), new RegExp(`^(mode|time|hard links): |^(${missing.join('|')})`));
  });
  withTool('python3', 'by Python', () => {
    const script = 'import sys, tarfile\ntarfile.open(sys.argv[1], errorlevel=2).extractall(sys.argv[2])';
    output('python3', '-c', script, snapshot, emptyFolder('python'));
    expectUnpacked(join(folder, 'python'), timesOf('symlink'));
  });
});

describe('tested', () => {
  withTool('gzip', 'by gzip', () => expect(output('gzip', '-t', snapshot)).toBe(''));
  withTool('pigz', 'by pigz', () => expect(output('pigz', '-t', snapshot)).toBe(''));
  withTool('busybox', 'by busybox', () => expect(output('busybox', 'gunzip', '-t', snapshot)).toBe(''));
  withTool('7z', 'by 7-Zip', () => expect(output('7z', 't', snapshot)).not.toMatch(/warning|error/i));
  withTool('python3', 'by the reader that was written from the format document', () => {
    expect(output('python3', READER, 'check', snapshot)).toBe('');
  });
  test('to be exactly a tar, with nothing behind its end', () => {
    const whole = gunzipSync(readFileSync(snapshot));
    expect(whole.length % 512).toBe(0);
    expect(whole.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true);
    expect(whole.subarray(-1536, -1024).equals(Buffer.alloc(512))).toBe(false);
  });
});
