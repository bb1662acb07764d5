import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { createBackup, StateStore } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildWorkspace } from '../../fixtures/build-workspace.ts';
import { writeEntry } from '../../src/inspect/write-entry.ts';
import { directory, file, hardLink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { buildSnapshot } from '../archives/snapshot.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const workspace = room.path('workspace');
const snapshot = room.path('workspace.tar.gz');

/** Takes what is written, one chunk at a time and not at once. */
class Collector extends Writable {
  readonly chunks: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    setImmediate(done);
  }
}

async function cat(path: string, name: string): Promise<Buffer> {
  const output = new Collector();
  await writeEntry(path, name, output);
  expect(output.writableEnded).toBe(false);
  return output.bytes;
}

beforeAll(async () => {
  buildWorkspace(workspace);
  writeFileSync(room.path('workspace', 'large.bin'), Buffer.alloc(20 * 1024 * 1024, 'not all the same '));
  writeFileSync(room.path('workspace', 'medium.bin'), Buffer.alloc(3 * 1024 * 1024, 'medium '));
  writeFileSync(room.path('workspace', 'empty.json'), '');
  await createBackup(new StateStore(workspace), snapshot);
});

describe('content comes out byte for byte', () => {
  test.each(['seeds/welcome.md', 'memory.db', 'empty.json', 'medium.bin', 'large.bin', 'assets/avatar.png'])(
    '%s',
    async (name) => {
      expect((await cat(snapshot, name)).equals(readFileSync(room.path('workspace', name)))).toBe(true);
    },
  );

  test('out of a pipe', async () => {
    const output = new Collector();
    const entry = await writeEntry(createReadStream(snapshot), 'memory.db', output);
    expect(entry).toMatchObject({ path: 'memory.db', type: 'file', size: output.bytes.length });
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
  const output = new Collector();
  await expect(writeEntry(path, 'seeds/b.json', output)).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
  expect(output.chunks).toEqual([]);
  expect((await cat(path, 'seeds/a.json')).toString()).toBe('content of seeds/a.json\n');
});

test('a large file that is damaged at its end fails, whatever has come out', async () => {
  const content = Buffer.alloc(20 * 1024 * 1024, 'x');
  const path = room.fresh('large.tar.gz');
  writeFileSync(path, buildSnapshot([file('a.bin', content, { index: { sha256: Buffer.alloc(32) } })]));
  const output = new Collector();
  await expect(writeEntry(path, 'a.bin', output)).rejects.toMatchObject({ code: 'CONTENT_MISMATCH' });
});

test('a reader that goes away ends it', async () => {
  const gone = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  await expect(writeEntry(snapshot, 'large.bin', gone)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test('a foreign archive is read to its end before anything comes out', async () => {
  const entries = [directory('seeds'), file('seeds/b.json'), hardLink('seeds/c.json', 'seeds/b.json')];
  const path = room.fresh('foreign.tar.gz');
  const bytes = buildForeign(entries);
  writeFileSync(path, bytes);
  expect((await cat(path, 'seeds/c.json')).toString()).toBe('content of seeds/b.json\n');
  writeFileSync(path, bytes.subarray(0, bytes.length - 9));
  const output = new Collector();
  await expect(writeEntry(path, 'seeds/b.json', output)).rejects.toMatchObject({ code: 'SNAPSHOT_TRUNCATED' });
  expect(output.chunks).toEqual([]);
});
