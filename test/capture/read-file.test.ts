import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LiveSource } from '../../src/capture/capture-item.ts';
import { identityOf, monotonicMs, waitForTick } from '../../src/capture/file-state.ts';
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
  waitForTick(monotonicMs());
  return { kind: 'live', absolute, expect, idleDatabase: false, mapped: false };
}

function contentOf(result: ReadResult, offset = 0): string {
  if (!isRead(result)) throw new Error(result.detail);
  return (result.overflow ?? into.subarray(offset, offset + result.size)).toString('latin1');
}

test('reads into the buffer, from the offset', () => {
  const result = readLiveFile(seen(put('a.json', 'hello')), into, 100);
  expect(result).toEqual({ status: 'ok', detail: '', size: 5, overflow: null, attributes: null, replaced: null });
  expect(contentOf(result, 100)).toBe('hello');
});

test('an empty file, and one that fills the buffer', () => {
  expect(readLiveFile(seen(put('empty', '')), into, into.length)).toMatchObject({ status: 'ok', size: 0 });
  // There is to be room for one byte more, to see that it ends there.
  const full = readLiveFile(seen(put('full', 'x'.repeat(24))), into, 999);
  expect(full).toMatchObject({ status: 'ok', size: 24, overflow: null });
});

test('what does not fit comes in a buffer of its own', () => {
  const result = readLiveFile(seen(put('big', 'y'.repeat(2000))), into, 0);
  expect(result).toMatchObject({ status: 'ok', size: 2000, attributes: null });
  expect(contentOf(result)).toBe('y'.repeat(2000));
});

test('a file that was replaced by rename since the scan is clean, with its new attributes', () => {
  const source = seen(put('a.json', 'old'));
  put('new', 'much newer');
  utimesSync(join(folder.path, 'new'), 5, 5);
  renameSync(join(folder.path, 'new'), source.absolute);
  const result = readLiveFile(source, into, 0);
  expect(result).toMatchObject({
    status: 'ok',
    size: 10,
    attributes: { mtimeNs: 5_000_000_000n },
    replaced: { dev: expect.any(BigInt) },
  });
  expect(contentOf(result)).toBe('much newer');
});

test('a file that was rewritten in place since the scan is retried', () => {
  const source = seen(put('a.json', 'old'));
  writeFileSync(source.absolute, 'longer than before');
  const result = readLiveFile(source, into, 0);
  expect(result).toMatchObject({ status: 'retried', size: 18 });
  expect(contentOf(result)).toBe('longer than before');
});

test('a file that is gone, or whose place something else took, is lost', () => {
  const source = seen(put('a.json', 'old'));
  rmSync(source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({
    status: 'deleted',
    detail: 'ENOENT: no such file or directory',
  });
  symlinkSync('/etc/hostname', source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({ status: 'deleted' });
  rmSync(source.absolute);
  mkdirSync(source.absolute);
  expect(readLiveFile(source, into, 0)).toMatchObject({ status: 'deleted' });
});

test('a file at rest is read whole, whatever its name and however it ends', () => {
  const contents: Record<string, Buffer> = {
    'a.jsonl': Buffer.from('{"a":1}\n{"b":2}'),
    'crash.log': Buffer.from('start\npanic: the reason'),
    '000003.log': Buffer.from('\0\x01record one\n\0\x02the last record'),
    'one-line.log': Buffer.from('not a log of lines'),
    'long.log': Buffer.from(`${'line\n'.repeat(1000)}lin`),
  };
  for (const [name, content] of Object.entries(contents)) {
    for (const age of [0, 3 * 86_400]) {
      const absolute = put(name, content);
      if (age > 0) utimesSync(absolute, Date.now() / 1000 - age, Date.now() / 1000 - age);
      const result = readLiveFile(seen(absolute), into, 0);
      expect([name, result]).toMatchObject([name, { status: 'ok', size: content.length }]);
      expect(contentOf(result)).toBe(content.toString('latin1'));
    }
  }
});

test('a file that grew since the scan and no longer changes is read whole', () => {
  const source = seen(put('a.json', '{\n'));
  appendFileSync(source.absolute, '"a": 1\n}');
  const result = readLiveFile(source, into, 0);
  expect([contentOf(result), isRead(result) && result.status]).toEqual(['{\n"a": 1\n}', 'retried']);
});

test('a file that was cut since the scan is retried', () => {
  const source = seen(put('a.log', 'one\ntwo\n'));
  truncateSync(source.absolute, 4);
  expect(readLiveFile(source, into, 0)).toMatchObject({ status: 'retried', size: 4 });
});

test('a file that outgrew memory is lost; a log that is seen growing is there as far as it was listed', async () => {
  const source = seen(put('a.bin', Buffer.from([0xff, 0xfe])));
  truncateSync(source.absolute, 100 * 1024 * 1024);
  expect(readLiveFile(source, into, 0)).toMatchObject({ status: 'unreadable' });
  // Its beginning is not what it was when it was listed, as far as anybody knows.
  const still = seen(put('still', 'first\nsec'));
  truncateSync(still.absolute, 100 * 1024 * 1024);
  expect(readLiveFile(still, into, 0)).toMatchObject({ status: 'unreadable' });
  const log = seen(put('any', 'first\nsec'));
  truncateSync(log.absolute, 100 * 1024 * 1024);
  await appender(log.absolute, `os.write(fd, b'line\\n')`);
  let result = readLiveFile(log, into, 0);
  for (let i = 0; i < 100 && result.status !== 'truncated'; i++) result = readLiveFile(log, into, 0);
  expect(result).toMatchObject({ status: 'truncated', size: 6 });
});

/** Runs Python with `fd`, the file opened to append to it. */
async function appender(absolute: string, body: string): Promise<void> {
  const script = `import os, time
fd = os.open(${JSON.stringify(absolute)}, os.O_RDWR | os.O_CREAT | os.O_APPEND)
print('ready', flush=True)
n = 0
while True:
    ${body}; n += 1
`;
  const child = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
}

/** Reads until a status comes: the writer may be made to wait by the system just now. */
async function readUntil(absolute: string, status: string): Promise<ReadResult> {
  for (let i = 0; i < 3000; i++) {
    const result = readLiveFile(seen(absolute), into, 0);
    if (result.status === status) return result;
    await setTimeout(5);
  }
  throw new Error(`never ${status}`);
}

test('a log that grows all the time is kept up to its last whole line, under any name', async () => {
  const absolute = put('talk', '0\n');
  await appender(absolute, `os.write(fd, ('\\n%d \\u00fc' % n).encode()); time.sleep(0.003)`);
  const result = await readUntil(absolute, 'truncated');
  const content = contentOf(result);
  expect(content.endsWith('\n')).toBe(true);
  expect(readFileSync(absolute, 'latin1').startsWith(content)).toBe(true);
});

test('a file of another sort that grows all the time is named as missing or inconsistent, and there as far as it was read', async () => {
  const absolute = put('000003.log', '\0\x01');
  await appender(absolute, `os.write(fd, b'\\0\\1record\\n%d' % n)`);
  const result = await readUntil(absolute, 'inconsistent');
  expect(result).toMatchObject({ detail: expect.stringContaining('kept growing') });
  expect(readFileSync(absolute, 'latin1').startsWith(contentOf(result))).toBe(true);
});

test('a text that grows and is written to elsewhere too is named as missing or inconsistent', async () => {
  const absolute = put('a.log', `count 0\n`);
  await appender(
    absolute,
    `os.write(fd, b'line\\n'); f = open('/proc/self/fd/%d' % fd, 'r+b'); f.seek(6); f.write(b'%d' % (n % 10)); f.close()`,
  );
  expect(await readUntil(absolute, 'inconsistent')).toMatchObject({
    detail: expect.stringContaining('it changed at each'),
  });
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
  const statuses = new Map<string, number>();
  for (let i = 0; i < 60; i++) {
    const result = readLiveFile(seen(absolute), into, 0);
    if (!isRead(result)) throw new Error(result.detail);
    statuses.set(result.status, (statuses.get(result.status) ?? 0) + 1);
    if (result.status !== 'inconsistent') expect(new Set(result.overflow).size).toBe(1);
  }
  expect((statuses.get('ok') ?? 0) + (statuses.get('retried') ?? 0)).toBeGreaterThan(0);
});

test('a file that never stops changing is inconsistent, and still there', async () => {
  const size = 512 * 1024;
  const absolute = put('restless.bin', Buffer.alloc(size, 'a'));
  await rewriter(absolute, size, 0);
  // The writer may be made to wait by the system just now; not each time.
  let result = readLiveFile(seen(absolute), into, 0);
  for (let i = 0; i < 100 && result.status !== 'inconsistent'; i++) result = readLiveFile(seen(absolute), into, 0);
  expect(result).toMatchObject({ status: 'inconsistent', size });
});

test('each line of a log that was seen to grow is whole', async () => {
  const absolute = put('busy.log', '0\n');
  await appender(absolute, `line = b'%d\\n' % (n + 1); os.write(fd, line[:2]); os.write(fd, line[2:])`);
  for (let i = 0; i < 10; i++) {
    const lines = contentOf(await readUntil(absolute, 'truncated')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.at(-1)).toBe(String(lines.length - 1));
    if (lines.length > 100_000) return;
  }
});
