import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RangeReader } from '../../src/storage/range-reader.ts';
import type { SnapshotSink, SnapshotStorage, StoredObject } from '../../src/storage/storage.ts';

/** One place for snapshots, empty at first. */
export interface StoragePlace {
  /** Opens it; each time as another process would. */
  open(): Promise<SnapshotStorage>;
  /** Whether two that commit at the same name are told apart by the storage, however close they are. */
  commitsOnce: boolean;
}

const MIB = 2 ** 20;
const SMALL = randomBytes(5_000);
/** More than one part of an upload. */
const LARGE = randomBytes(9 * MIB + 321);
const NAME = 'oxios-backup-1.tar.gz';

/**
 * What every storage must do, whatever is behind it.
 *
 * @param makePlace makes an empty place
 */
export function storageSuite(makePlace: () => StoragePlace | Promise<StoragePlace>): void {
  const readers: RangeReader[] = [];
  const sinks: SnapshotSink[] = [];
  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.close();
    for (const sink of sinks.splice(0)) await sink.discard();
  });

  async function openEmpty(): Promise<SnapshotStorage> {
    return (await makePlace()).open();
  }

  async function read(storage: SnapshotStorage, name: string): Promise<RangeReader> {
    const reader = await storage.open(name);
    readers.push(reader);
    return reader;
  }

  async function begin(storage: SnapshotStorage, name: string): Promise<SnapshotSink> {
    const sink = await storage.begin(name);
    sinks.push(sink);
    return sink;
  }

  async function store(storage: SnapshotStorage, name: string, content: Uint8Array): Promise<void> {
    const sink = await begin(storage, name);
    await writeAll(sink, content);
    await sink.commit();
  }

  async function contentOf(storage: SnapshotStorage, name: string): Promise<Buffer> {
    const reader = await read(storage, name);
    return Buffer.from(await reader.read(0, reader.size));
  }

  describe('a new snapshot', () => {
    it.each([
      ['small', SMALL],
      ['of several parts', LARGE],
    ])('is there when it is committed, and not before: %s', async (_what, content) => {
      const storage = await openEmpty();
      const sink = await begin(storage, NAME);
      await writeAll(sink, content);
      expect(sink.position).toBe(content.length);
      expect(await storage.look(NAME)).toBeNull();
      await expect(storage.open(NAME)).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
      expect((await objectsIn(storage)).filter(({ name }) => !name.startsWith('.'))).toEqual([]);
      await sink.commit();
      await sink.discard();
      expect(await objectsIn(storage)).toMatchObject([{ name: NAME, length: content.length }]);
      expect((await contentOf(storage, NAME)).equals(content)).toBe(true);
    });

    it('has its first bytes written over at the end, where that is possible', async () => {
      const storage = await openEmpty();
      const sink = await begin(storage, NAME);
      await writeAll(sink, LARGE);
      await sink.rewriteStart?.(SMALL);
      await sink.commit();
      const expected = sink.rewriteStart === undefined ? LARGE : Buffer.concat([SMALL, LARGE.subarray(SMALL.length)]);
      expect((await contentOf(storage, NAME)).equals(expected)).toBe(true);
    });

    it('forgets what was taken back, where that is possible', async () => {
      const storage = await openEmpty();
      const sink = await begin(storage, NAME);
      await sink.write(SMALL.slice());
      if (sink.rollback !== undefined) {
        await sink.write(LARGE.slice(0, MIB));
        await sink.rollback(SMALL.length);
        expect(sink.position).toBe(SMALL.length);
      }
      await sink.write(LARGE.slice(0, 100));
      await sink.commit();
      const expected = Buffer.concat([SMALL, LARGE.subarray(0, 100)]);
      expect((await contentOf(storage, NAME)).equals(expected)).toBe(true);
    });

    it('leaves nothing when it is discarded', async () => {
      const storage = await openEmpty();
      const sink = await begin(storage, NAME);
      await writeAll(sink, LARGE);
      await sink.discard();
      await sink.discard();
      expect(await objectsIn(storage)).toEqual([]);
    });

    it('never replaces another', async () => {
      const place = await makePlace();
      const storage = await place.open();
      const slow = await begin(storage, NAME);
      await writeAll(slow, LARGE);
      await store(await place.open(), NAME, SMALL);
      await expect(storage.begin(NAME)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      if (place.commitsOnce) await expect(slow.commit()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
      await slow.discard();
      expect(await objectsIn(storage)).toMatchObject([{ name: NAME, length: SMALL.length }]);
      expect((await contentOf(storage, NAME)).equals(SMALL)).toBe(true);
    });

    it('under way is not cleared as abandoned', async () => {
      const place = await makePlace();
      const storage = await place.open();
      const sink = await begin(storage, NAME);
      await writeAll(sink, SMALL);
      expect(await (await place.open()).clearAbandoned()).toEqual([]);
      await sink.commit();
      expect((await contentOf(storage, NAME)).equals(SMALL)).toBe(true);
    });
  });

  describe('what is in it', () => {
    it('is listed with names, lengths and versions, as each is looked at and read', async () => {
      const place = await makePlace();
      const storage = await place.open();
      const names = ['a b.tar.gz', 'a%20b.tar.gz', 'a+b.tar.gz', 'ä&<>.tar.gz'];
      for (const [at, name] of names.entries()) await store(storage, name, SMALL.subarray(0, 100 + at));
      const objects = await objectsIn(await place.open());
      expect(objects.map(({ name, length }) => [name, length])).toEqual(names.map((name, at) => [name, 100 + at]));
      for (const object of objects) {
        const { modified, ...seen } = object;
        expect(await storage.look(object.name)).toMatchObject(seen);
        expect((await read(storage, object.name)).version).toBe(object.version);
        expect(Math.abs(modified.getTime() - Date.now())).toBeLessThan(600_000);
      }
    });

    it('may be nothing', async () => {
      const storage = await openEmpty();
      expect(await objectsIn(storage)).toEqual([]);
      expect(await storage.look(NAME)).toBeNull();
      await expect(storage.open(NAME)).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
      expect(await storage.clearAbandoned()).toEqual([]);
    });

    it('is named by names and paths that say where it is', async () => {
      const storage = await openEmpty();
      expect(storage.pathOf(NAME)).toContain(storage.location);
      expect(storage.pathOf(NAME)).toContain(NAME);
    });
  });

  describe('reading', () => {
    it('gives exactly the bytes that are asked for, wherever they are, several at a time', async () => {
      const storage = await openEmpty();
      await store(storage, NAME, LARGE);
      const reader = await read(storage, NAME);
      expect(reader.size).toBe(LARGE.length);
      const ranges = [
        [0, 0],
        [0, 1],
        [MIB - 3, 3 * MIB],
        [LARGE.length - 1, 1],
        [LARGE.length, 0],
        [70_000, 10],
      ] as const;
      const parts = await Promise.all(ranges.map(([offset, length]) => reader.read(offset, length)));
      for (const [at, [offset, length]] of ranges.entries())
        expect(Buffer.from(parts[at] ?? []).equals(LARGE.subarray(offset, offset + length))).toBe(true);
    });

    it('refuses what is after the end', async () => {
      const storage = await openEmpty();
      await store(storage, NAME, SMALL);
      const reader = await read(storage, NAME);
      await expect(reader.read(SMALL.length - 1, 2)).rejects.toMatchObject({
        code: expect.stringMatching(/^SNAPSHOT_(?:TRUNCATED|REPLACED)$/),
      });
    });

    it('never mixes two versions', async () => {
      const storage = await openEmpty();
      await store(storage, NAME, LARGE);
      const reader = await read(storage, NAME);
      await reader.read(0, 10);
      await replace(storage, LARGE.toReversed());
      const bytes = await reader.read(MIB, 1000).catch((error: unknown) => error);
      if (bytes instanceof Uint8Array) expect(Buffer.from(bytes).equals(LARGE.subarray(MIB, MIB + 1000))).toBe(true);
      else expect(bytes).toMatchObject({ code: 'SNAPSHOT_REPLACED' });
    });
  });

  describe('removing', () => {
    it('takes that snapshot, and no other', async () => {
      const storage = await openEmpty();
      for (const name of ['1.tar.gz', '2.tar.gz']) await store(storage, name, SMALL);
      await storage.remove(await found(storage, '1.tar.gz'));
      expect((await objectsIn(storage)).map(({ name }) => name)).toEqual(['2.tar.gz']);
      await expect(storage.open('1.tar.gz')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    });

    it('keeps another version than the one that was seen, and says so; also of what is gone', async () => {
      const storage = await openEmpty();
      await store(storage, NAME, LARGE);
      const before = await found(storage, NAME);
      // As long as the first, so that its bytes and times tell it apart.
      await replace(storage, LARGE.toReversed());
      const now = await found(storage, NAME);
      expect(now.version).not.toBe(before.version);
      expect(now.stableVersion).not.toBe(before.stableVersion);
      await expect(storage.remove(before)).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED' });
      expect(await found(storage, NAME)).toEqual(now);
      await storage.remove(now);
      await expect(storage.remove(now)).rejects.toMatchObject({ code: 'SNAPSHOT_REPLACED' });
    });
  });

  describe('a record', () => {
    it('is absent at first, then as it was written last, byte for byte, from wherever it is read', async () => {
      const place = await makePlace();
      const storage = await place.open();
      expect(await storage.readRecord('.record.json')).toBeNull();
      for (const bytes of [LARGE.subarray(0, 70_000), SMALL, new Uint8Array(0)]) {
        await storage.writeRecord('.record.json', bytes);
        expect(Buffer.from((await (await place.open()).readRecord('.record.json')) ?? []).equals(bytes)).toBe(true);
      }
      expect((await objectsIn(storage)).map(({ name }) => name)).toEqual(['.record.json']);
    });
  });

  async function replace(storage: SnapshotStorage, content: Uint8Array): Promise<void> {
    await storage.remove(await found(storage, NAME));
    await store(storage, NAME, content);
  }
}

/** Everything in it, by name. */
export async function objectsIn(storage: SnapshotStorage): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of storage.list()) objects.push(object);
  return objects.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function found(storage: SnapshotStorage, name: string): Promise<StoredObject> {
  const object = await storage.look(name);
  if (object === null) throw new Error(`${name} is not there`);
  return object;
}

async function writeAll(sink: SnapshotSink, content: Uint8Array): Promise<void> {
  // The bytes of a piece belong to the sink until it has taken them: each piece is its own.
  for (let at = 0; at < content.length; at += MIB) await sink.write(content.slice(at, at + MIB));
}
