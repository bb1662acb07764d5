import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAppendOnly } from '../../src/capture/append-only.ts';
import type { LiveSource } from '../../src/capture/capture-item.ts';
import { identityOf } from '../../src/capture/file-state.ts';
import { isRead, type ReadResult, readLiveFile } from '../../src/capture/read-file.ts';
import { temporaryFolder } from './collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
const children: ChildProcess[] = [];
const into = Buffer.alloc(1024);
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  folder.remove();
});

function put(name: string, content: string | Buffer): string {
  const absolute = join(folder.path, name);
  writeFileSync(absolute, content);
  return absolute;
}

/** What a scan says at this moment. */
function seen(absolute: string): LiveSource {
  const expect = identityOf(lstatSync(absolute, { bigint: true }));
  return { kind: 'live', absolute, expect, appendOnly: isAppendOnly(absolute), quietDatabase: false };
}

function contentOf(result: ReadResult, offset = 0): string {
  if (!isRead(result)) throw new Error(result.detail);
  return (result.overflow ?? into.subarray(offset, offset + result.size)).toString('latin1');
}

test('reads into the buffer, from the offset', () => {
  const result = readLiveFile(seen(put('a.json', 'hello')), into, 100);
  expect(result).toEqual({ verdict: 'clean', detail: '', size: 5, overflow: null, attributes: null, replaced: false });
  expect(contentOf(result, 100)).toBe('hello');
});

test('an empty file, and one that fills the buffer to the last byte', () => {
  expect(readLiveFile(seen(put('empty', '')), into, into.length)).toMatchObject({ verdict: 'clean', size: 0 });
  const full = readLiveFile(seen(put('full', 'x'.repeat(24))), into, 1000);
  expect(full).toMatchObject({ verdict: 'clean', size: 24, overflow: null });
});

test('what does not fit comes in a buffer of its own', () => {
  const result = readLiveFile(seen(put('big', 'y'.repeat(2000))), into, 0);
  expect(result).toMatchObject({ verdict: 'clean', size: 2000, attributes: null });
  expect(contentOf(result)).toBe('y'.repeat(2000));
});

test('a file that was replaced by rename since the scan is clean, with its new attributes', () => {
  const source = seen(put('a.json', 'old'));
  put('new', 'much newer');
  utimesSync(join(folder.path, 'new'), 5, 5);
  renameSync(join(folder.path, 'new'), source.absolute);
  const result = readLiveFile(source, into, 0);
  expect(result).toMatchObject({ verdict: 'clean', size: 10, attributes: { mtimeNs: 5_000_000_000n }, replaced: true });
  expect(contentOf(result)).toBe('much newer');
});

test('a file that was rewritten in place since the scan is retried', () => {
  const source = seen(put('a.json', 'old'));
  writeFileSync(source.absolute, 'longer than before');
  const result = readLiveFile(source, into, 0);
  expect(result).toMatchObject({ verdict: 'retried', size: 18 });
  expect(contentOf(result)).toBe('longer than before');
});

test('a file that is gone, or whose place something else took, is lost', () => {
  const source = seen(put('a.json', 'old'));
  rmSync(source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({
    verdict: 'vanished',
    detail: 'ENOENT: no such file or directory',
  });
  symlinkSync('/etc/hostname', source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({ verdict: 'vanished' });
  rmSync(source.absolute);
  mkdirSync(source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({ verdict: 'vanished' });
});

test('a log is kept up to its last whole line', () => {
  const result = readLiveFile(seen(put('a.jsonl', '{"a":1}\n{"b":2}\n{"c"')), into, 0);
  expect(result).toMatchObject({
    verdict: 'trimmed',
    size: 16,
    detail: 'its last line was not whole: 4 bytes left out',
  });
  expect(readLiveFile(seen(put('b.jsonl', '{"a":1}\n')), into, 0)).toMatchObject({ verdict: 'clean', size: 8 });
  const large = readLiveFile(seen(put('c.log', `${'line\n'.repeat(1000)}lin`)), into, 0);
  expect(large).toMatchObject({ verdict: 'trimmed', size: 5000, overflow: { length: 5000 } });
});

test('a log without any newline is kept as it is', () => {
  expect(readLiveFile(seen(put('a.log', 'not a log of lines')), into, 0)).toMatchObject({ verdict: 'clean', size: 18 });
});

test('a log that grew since the scan is kept as long as it is when opened', () => {
  const source = seen(put('a.log', 'one\n'));
  appendFileSync(source.absolute, 'two\nthr');
  const result = readLiveFile(source, into, 0);
  expect([contentOf(result), isRead(result) && result.verdict]).toEqual(['one\ntwo\n', 'trimmed']);
});

test('a log that was rotated away is a loss', () => {
  const source = seen(put('a.log', 'one\ntwo\n'));
  renameSync(source.absolute, join(folder.path, 'a.log.1'));
  put('a.log', 'new\n');
  expect(readLiveFile(source, into, 0)).toMatchObject({ verdict: 'changed', size: 4 });
});

test('a log that was cut since the scan is retried', () => {
  const source = seen(put('a.log', 'one\ntwo\n'));
  truncateSync(source.absolute, 4);
  expect(readLiveFile(source, into, 0)).toMatchObject({ verdict: 'retried', size: 4 });
});

test('a file without an end is not drawn into memory', () => {
  const source = seen(put('a.bin', 'small'));
  truncateSync(source.absolute, 100 * 1024 * 1024);
  expect(readLiveFile(source, into, 0)).toMatchObject({ verdict: 'unreadable' });
  const log = seen(put('a.log', 'first\n'));
  truncateSync(log.absolute, 100 * 1024 * 1024);
  expect(readLiveFile(log, into, 0)).toMatchObject({ verdict: 'trimmed', size: 6 });
});

/** Rewrites the file in place for ever, with one letter at a time; `pauseMs` between two letters. */
async function rewriter(absolute: string, size: number, pauseMs: number): Promise<void> {
  const script = `
    import os, sys, time
    fd = os.open(${JSON.stringify(absolute)}, os.O_WRONLY)
    print('ready', flush=True)
    n = 0
    while True:
        letter = bytes([97 + n % 26]); n += 1
        os.pwrite(fd, letter * ${size}, 0)
        time.sleep(${pauseMs / 1000})
  `.replace(/^ {4}/gm, '');
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
}

test('what is called clean or retried is never torn, whatever the clock of the file system', async () => {
  const size = 16_384;
  const absolute = put('restless.bin', Buffer.alloc(size, 'a'));
  await rewriter(absolute, size, 30);
  const verdicts = new Map<string, number>();
  for (let i = 0; i < 60; i++) {
    const result = readLiveFile(seen(absolute), into, 0);
    if (!isRead(result)) throw new Error(result.detail);
    verdicts.set(result.verdict, (verdicts.get(result.verdict) ?? 0) + 1);
    if (result.verdict !== 'changed') expect(new Set(result.overflow).size).toBe(1);
  }
  expect((verdicts.get('clean') ?? 0) + (verdicts.get('retried') ?? 0)).toBeGreaterThan(0);
});

test('a file that never stands still is changed, and still there', async () => {
  const size = 512 * 1024;
  const absolute = put('restless.bin', Buffer.alloc(size, 'a'));
  await rewriter(absolute, size, 0);
  // The writer may be made to wait by the system just now; not each time.
  let result = readLiveFile(seen(absolute), into, 0);
  for (let i = 0; i < 100 && result.verdict !== 'changed'; i++) result = readLiveFile(seen(absolute), into, 0);
  expect(result).toMatchObject({ verdict: 'changed', size });
});

test('each line of a log that is being written is whole', async () => {
  const absolute = put('busy.log', '0\n');
  const fd = openSync(absolute, 'a');
  closeSync(fd);
  const script = `
    import os
    fd = os.open(${JSON.stringify(absolute)}, os.O_WRONLY | os.O_APPEND)
    print('ready', flush=True)
    n = 1
    while n < 200000:
        line = ('%d\\n' % n).encode(); n += 1
        os.write(fd, line[:2]); os.write(fd, line[2:])
  `.replace(/^ {4}/gm, '');
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  for (let i = 0; i < 100; i++) {
    const result = readLiveFile(seen(absolute), into, 0);
    expect(['clean', 'trimmed']).toContain(result.verdict);
    const lines = contentOf(result).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.at(-1)).toBe(String(lines.length - 1));
  }
});
