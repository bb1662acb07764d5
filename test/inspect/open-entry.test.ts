import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { createSnapshot, openEntry } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { directory, file, hardLink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

const cat = (path: string, name: string) => buffer(openEntry({ snapshot: path, path: name }));

/** What comes out before the stream fails, and the error. */
async function failing(path: string, name: string): Promise<{ chunks: Buffer[]; error: unknown }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of openEntry({ snapshot: path, path: name })) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  throw new Error('it did not fail');
}

beforeAll(async () => {
  buildWorkspace(workspace);
  writeFileSync(`${workspace}/large.bin`, Buffer.alloc(20 * 1024 * 1024, 'oxios '));
  writeFileSync(`${workspace}/medium.bin`, Buffer.alloc(3 * 1024 * 1024, 'medium '));
  writeFileSync(`${workspace}/empty.json`, '');
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

describe('content comes out byte for byte', () => {
  test.each(['seeds/welcome.md', 'memory.db', 'empty.json', 'medium.bin', 'large.bin', 'assets/avatar.png'])(
    '%s',
    async (name) => {
      expect((await cat(snapshot, name)).equals(readFileSync(`${workspace}/${name}`))).toBe(true);
    },
  );

  test('out of a pipe', async () => {
    const content = await buffer(openEntry({ snapshot: createReadStream(snapshot), path: 'memory.db' }));
    expect(content.equals(readFileSync(`${workspace}/memory.db`))).toBe(true);
  });
});

test('what has no content is refused with what it is', async () => {
  for (const [name, message] of [
    ['seeds', /is a directory/],
    ['personas/current.md', /is a symbolic link to "scout.md"/],
    ['seeds/nothing.json', /holds no "seeds\/nothing.json"/],
  ] as const) {
    const refused = cat(snapshot, name);
    await expect(refused).rejects.toMatchObject({ code: 'ENTRY_NOT_FOUND', path: name });
    await expect(refused).rejects.toThrow(message);
  }
});

test('of a file that is not what the index says nothing comes out', async () => {
  const lie = { index: { sha256: Buffer.alloc(32) } };
  const path = room.fresh('lie.tar.gz');
  writeFileSync(path, buildSnapshot([directory('seeds'), file('seeds/a.json'), file('seeds/b.json', 'b', lie)]));
  expect(await failing(path, 'seeds/b.json')).toMatchObject({ chunks: [], error: { code: 'CONTENT_MISMATCH' } });
  expect((await cat(path, 'seeds/a.json')).toString()).toBe('content of seeds/a.json\n');
});

test('a large file that is damaged at its end fails, whatever has come out', async () => {
  const content = Buffer.alloc(20 * 1024 * 1024, 'x');
  const path = room.fresh('large.tar.gz');
  writeFileSync(path, buildSnapshot([file('a.bin', content, { index: { sha256: Buffer.alloc(32) } })]));
  expect(await failing(path, 'a.bin')).toMatchObject({ error: { code: 'CONTENT_MISMATCH' } });
});

test('a foreign archive is read to its end before anything comes out', async () => {
  const entries = [directory('seeds'), file('seeds/b.json'), hardLink('seeds/c.json', 'seeds/b.json')];
  const path = room.fresh('foreign.tar.gz');
  const bytes = buildForeign(entries);
  writeFileSync(path, bytes);
  expect((await cat(path, 'seeds/c.json')).toString()).toBe('content of seeds/b.json\n');
  writeFileSync(path, bytes.subarray(0, bytes.length - 9));
  expect(await failing(path, 'seeds/b.json')).toMatchObject({ chunks: [], error: { code: 'SNAPSHOT_TRUNCATED' } });
});
