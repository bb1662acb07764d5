import { appendFileSync, lstatSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LiveSource } from '../../src/capture/capture-item.ts';
import { identityOf } from '../../src/capture/file-state.ts';
import { LiveFile } from '../../src/capture/live-file.ts';
import { temporaryFolder } from './collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function put(name: string, content: string): LiveSource {
  const absolute = join(folder.path, name);
  writeFileSync(absolute, content);
  const expect = identityOf(lstatSync(absolute, { bigint: true }));
  return { kind: 'live', absolute, expect, idleDatabase: false, mapped: false };
}

function open(source: LiveSource, wholeLines = false): LiveFile {
  const file = LiveFile.open(source, { wholeLines });
  if (!(file instanceof LiveFile)) throw new Error(file.detail);
  return file;
}

function readAll(file: LiveFile, step = 1000): string {
  const buffer = Buffer.alloc(step + 10);
  let content = '';
  for (let read = file.read(buffer, 10, step); read > 0; read = file.read(buffer, 10, step)) {
    content += buffer.toString('latin1', 10, 10 + read);
  }
  return content;
}

test('reads a file piece by piece', () => {
  const content = 'abc'.repeat(1500);
  const file = open(put('a.bin', content));
  expect([file.size, file.attributes]).toEqual([4500, null]);
  expect(readAll(file)).toBe(content);
  file.rewind();
  expect(readAll(file, 7)).toBe(content);
  expect(file.finish()).toEqual({ status: 'ok', detail: '' });
});

test('a file that changes or grows while it is read is changed, and keeps its length', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  appendFileSync(source.absolute, 'b');
  expect(readAll(file)).toHaveLength(3000);
  expect(file.finish()).toEqual({ status: 'inconsistent', detail: 'it changed while it was read' });
});

test('of a file that becomes shorter the rest is zeros', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  truncateSync(source.absolute, 1100);
  expect(readAll(file)).toBe('a'.repeat(1100) + '\0'.repeat(1900));
  expect(file.finish()).toMatchObject({ status: 'inconsistent' });
});

test('a file that is unlinked or replaced while it is read is clean all the same', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  put('b.bin', 'b');
  renameSync(join(folder.path, 'b.bin'), source.absolute);
  expect(readAll(file)).toBe('a'.repeat(3000));
  expect(file.finish()).toMatchObject({ status: 'ok' });
});

test('a change that hides behind an old modification time is a change', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  utimesSync(source.absolute, 7, 7);
  expect(file.finish().status).toBe('inconsistent');
  const again = open(source);
  writeFileSync(source.absolute, 'b'.repeat(3000));
  utimesSync(source.absolute, 7, 7);
  expect(again.finish().status).toBe('inconsistent');
});

test('what is gone before it is opened is lost', () => {
  const source = put('a.bin', 'a');
  rmSync(source.absolute);
  expect(LiveFile.open(source)).toMatchObject({ status: 'deleted' });
});

test('a file at rest is read whole, however it ends', () => {
  for (const name of ['a.log', 'a.jsonl', '000003.log']) {
    const file = open(put(name, `${'x'.repeat(70_000)}\nlast`));
    expect(readAll(file)).toHaveLength(70_005);
    expect(file.finish()).toEqual({ status: 'ok', detail: '' });
  }
});

test('a log that grew while it was read says so, and then ends with its last whole line', () => {
  const lines = `${'x'.repeat(70_000)}\nlast ü`;
  const source = put('any name', lines);
  const first = open(source);
  expect(first.size).toBe(70_008);
  appendFileSync(source.absolute, ' line\nmo');
  readAll(first);
  expect(first.needsSecondReading()).toBe(true);
  expect(first.finish(true)).toMatchObject({ status: 'truncated', unfinished: true });
  const second = open(source, true);
  expect(second.size).toBe(70_014);
  appendFileSync(source.absolute, 're\n');
  expect(readAll(second)).toBe(`${'x'.repeat(70_000)}\nlast \xc3\xbc line\n`);
  expect(second.finish(true)).toEqual({
    status: 'truncated',
    detail: 'it is growing, and its last line was incomplete: 2 bytes of it are not in the snapshot',
    unfinished: false,
  });
});

test('what grew and is no text is named as missing or inconsistent, and so is what did not stay the same', () => {
  for (const [content, stable, detail] of [
    ['\0binary\n', true, 'it kept growing while it was read: the snapshot holds its first 8 bytes'],
    ['text\n', false, 'it changed while it was read'],
  ] as const) {
    const source = put('a.log', content);
    const file = open(source);
    readAll(file);
    appendFileSync(source.absolute, 'more');
    expect(file.finish(stable)).toEqual({ status: 'inconsistent', detail });
  }
});
