/** What every storage of snapshots does, whatever it is. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolderStorage } from '../../src/storage/folder/folder-storage.ts';
import { openS3Storage } from '../../src/storage/s3/s3-storage.ts';
import type { SnapshotStorage, StoredObject } from '../../src/storage/storage.ts';
import { TempDir } from '../workroom.ts';
import { startWithBucket } from './s3/bucket.ts';
import { type Gateway, noGateway, OWNER } from './s3/gateway.ts';

const room = new TempDir();
let gateway: Gateway | undefined;

beforeAll(async () => {
  if (noGateway === null) gateway = await startWithBucket('bucket');
}, 120_000);
afterAll(() => gateway?.stop());

function openFolder(): SnapshotStorage {
  const directory = room.fresh('folder');
  mkdirSync(directory);
  return new FolderStorage(directory);
}

let prefixes = 0;
function openBucket(): SnapshotStorage {
  const endpoint = encodeURIComponent(gateway?.endpoint ?? '');
  return openS3Storage(`s3://bucket/${prefixes++}?endpoint=${endpoint}`, { env: OWNER });
}

async function store(storage: SnapshotStorage, name: string, text: string): Promise<void> {
  const sink = await storage.begin(name);
  try {
    await sink.write(Buffer.from(text));
    expect(sink.position).toBe(text.length);
    await sink.commit();
  } finally {
    await sink.discard();
  }
}

async function namesIn(storage: SnapshotStorage): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of storage.list()) names.push(name);
  return names.sort();
}

describe.each([
  ['a folder', null, openFolder],
  ['a bucket', noGateway, openBucket],
])('%s', (_name, lacking, open) => {
  it.skipIf(lacking !== null)('lists what was committed, and gives its bytes at any offset', async () => {
    const storage = open();
    await store(storage, 'a.tar.gz', 'the first');
    await store(storage, 'b c+ü.tar.gz', 'another');
    expect(await namesIn(storage)).toEqual(['a.tar.gz', 'b c+ü.tar.gz']);
    const reader = await storage.open('b c+ü.tar.gz');
    expect(reader.size).toBe(7);
    expect(Buffer.from(await reader.read(2, 3)).toString()).toBe('oth');
    expect((await storage.look('b c+ü.tar.gz'))?.version).toBe(reader.version);
    await reader.close();
  });

  it.skipIf(lacking !== null)('has nothing at a name before the commit, nor after a discard', async () => {
    const storage = open();
    const sink = await storage.begin('a.tar.gz');
    await sink.write(Buffer.from('half'));
    expect(await storage.look('a.tar.gz')).toBeNull();
    await sink.discard();
    expect(await namesIn(storage)).toEqual([]);
  });

  it.skipIf(lacking !== null)('rewrites the start, and never another snapshot', async () => {
    const storage = open();
    const sink = await storage.begin('a.tar.gz');
    await sink.write(Buffer.from('xxx rest'));
    await sink.rewriteStart?.(Buffer.from('the'));
    await sink.commit();
    const reader = await storage.open('a.tar.gz');
    expect(Buffer.from(await reader.read(0, 8)).toString()).toBe('the rest');
    await reader.close();
    await expect(store(storage, 'a.tar.gz', 'other')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  });

  it.skipIf(lacking !== null)('removes the version that was seen, and no other', async () => {
    const storage = open();
    await store(storage, 'a.tar.gz', 'first');
    const seen = (await storage.look('a.tar.gz')) as StoredObject;
    await expect(storage.remove({ ...seen, version: 'other' })).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED' });
    await storage.remove(seen);
    expect(await storage.look('a.tar.gz')).toBeNull();
    await expect(storage.open('a.tar.gz')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
  });

  it.skipIf(lacking !== null)('keeps records, replaced as a whole', async () => {
    const storage = open();
    expect(await storage.readRecord('.record')).toBeNull();
    for (const text of ['long text', 'short']) {
      await storage.writeRecord('.record', Buffer.from(text));
      expect(Buffer.from((await storage.readRecord('.record')) ?? []).toString()).toBe(text);
    }
    expect(await storage.clearAbandoned()).toEqual([]);
  });
});
