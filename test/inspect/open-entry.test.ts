import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { createSnapshot, openEntry } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

beforeAll(async () => {
  buildWorkspace(workspace);
  writeFileSync(`${workspace}/large.bin`, Buffer.alloc(20 * 1024 * 1024, 'oxios '));
  await createSnapshot({ stateDir: pathToFileURL(workspace), output: snapshot });
});

test('the content of a file is streamed, also of one that is named by a URL', async () => {
  for (const source of [snapshot, pathToFileURL(snapshot)]) {
    const content = await buffer(openEntry({ snapshot: source, path: 'large.bin' }));
    expect(content.equals(readFileSync(`${workspace}/large.bin`))).toBe(true);
  }
});

test('a snapshot may come as any async iterable of bytes', async () => {
  async function* pieces() {
    const bytes = readFileSync(snapshot);
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  const content = await buffer(openEntry({ snapshot: pieces(), path: 'large.bin' }));
  expect(content.length).toBe(20 * 1024 * 1024);
});

test('what is not there is an error of the stream', async () => {
  await expect(buffer(openEntry({ snapshot, path: 'nowhere' }))).rejects.toMatchObject({ code: 'ENTRY_NOT_FOUND' });
  expect(() => openEntry({ snapshot, path: '' })).toThrow('path must be');
});

test('a reader that goes away ends it, and one that gives up has an AbortError', async () => {
  const left = openEntry({ snapshot, path: 'large.bin' });
  for await (const _ of left) break;
  expect(left.destroyed).toBe(true);
  const signal = AbortSignal.abort();
  await expect(buffer(openEntry({ snapshot, path: 'large.bin', signal }))).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORTED',
  });
});
