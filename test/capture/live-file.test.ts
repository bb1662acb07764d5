import { appendFileSync, lstatSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAppendOnly } from '../../src/capture/append-only.ts';
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
  return { kind: 'live', absolute, expect, appendOnly: isAppendOnly(absolute), quietDatabase: false };
}

function open(source: LiveSource): LiveFile {
  const file = LiveFile.open(source);
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
  expect(file.finish()).toEqual({ verdict: 'clean', detail: '' });
});

test('a file that changes or grows while it is read is changed, and keeps its length', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  appendFileSync(source.absolute, 'b');
  expect(readAll(file)).toHaveLength(3000);
  expect(file.finish()).toEqual({ verdict: 'changed', detail: 'it changed while it was read' });
});

test('of a file that becomes shorter the rest is zeros', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  truncateSync(source.absolute, 1100);
  expect(readAll(file)).toBe('a'.repeat(1100) + '\0'.repeat(1900));
  expect(file.finish()).toMatchObject({ verdict: 'changed' });
});

test('a file that is unlinked or replaced while it is read is clean all the same', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  put('b.bin', 'b');
  renameSync(join(folder.path, 'b.bin'), source.absolute);
  expect(readAll(file)).toBe('a'.repeat(3000));
  expect(file.finish()).toMatchObject({ verdict: 'clean' });
});

test('a change that hides behind an old modification time is a change', () => {
  const source = put('a.bin', 'a'.repeat(3000));
  const file = open(source);
  utimesSync(source.absolute, 7, 7);
  expect(file.finish().verdict).toBe('changed');
  const again = open(source);
  writeFileSync(source.absolute, 'b'.repeat(3000));
  utimesSync(source.absolute, 7, 7);
  expect(again.finish().verdict).toBe('changed');
});

test('what is gone before it is opened is lost', () => {
  const source = put('a.bin', 'a');
  rmSync(source.absolute);
  expect(LiveFile.open(source)).toMatchObject({ verdict: 'vanished' });
});

test('a log is fixed at its last whole line; what comes later is no change', () => {
  const lines = `${'x'.repeat(70_000)}\nlast`;
  const source = put('a.log', lines);
  const file = open(source);
  expect(file.size).toBe(70_001);
  appendFileSync(source.absolute, ' line\nmore\n');
  expect(readAll(file)).toBe(lines.slice(0, 70_001));
  expect(file.finish()).toEqual({ verdict: 'trimmed', detail: 'its last line was not whole: 4 bytes left out' });
});

test('a log that grew since the scan is trimmed, one of whole lines that stands still is clean', () => {
  const source = put('a.jsonl', 'one\n');
  appendFileSync(source.absolute, 'two\n');
  const grown = open(source);
  expect(readAll(grown)).toBe('one\ntwo\n');
  expect(grown.finish().verdict).toBe('trimmed');
  const still = open(put('b.jsonl', 'one\n'));
  readAll(still);
  expect(still.finish().verdict).toBe('clean');
});

test('a log that is rewritten while it is read is changed', () => {
  const source = put('a.log', 'line\n'.repeat(5000));
  const file = open(source);
  truncateSync(source.absolute, 0);
  appendFileSync(source.absolute, 'new!\n'.repeat(6000));
  readAll(file);
  expect(file.finish().verdict).toBe('changed');
});
