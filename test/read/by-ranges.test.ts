import fs from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  compareWithDirectory,
  createBackup,
  diffSnapshots,
  listEntries,
  planRestore,
  restoreBackup,
  StateStore,
  salvageSnapshot,
  showSnapshot,
  verifySnapshot,
} from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { openEntry } from '../../src/inspect/open-entry.ts';
import type { SnapshotInput } from '../../src/storage/open-reader.ts';
import { directory, file, symlink } from '../archives/entry.ts';
import { buildForeign } from '../archives/foreign.ts';
import { noise } from '../damage/small-tree.ts';
import { RecordingReader } from '../storage/recording-reader.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MIB = 2 ** 20;
const state = room.path('state');
const sealed = room.path('sealed.tar.gz');
const earlier = room.path('earlier.tar.gz');
const foreign = room.path('foreign.tar.gz');

beforeAll(async () => {
  for (const folder of ['seeds', 'many', 'links']) fs.mkdirSync(join(state, folder), { recursive: true });
  fs.writeFileSync(join(state, 'seeds/a.json'), '{"a":1}');
  for (let i = 0; i < 3000; i++) fs.writeFileSync(join(state, `many/${i}`), noise(400 + (i % 50), i));
  fs.writeFileSync(join(state, 'large'), noise(20 * MIB, 7));
  fs.writeFileSync(join(state, 'medium'), noise(3 * MIB, 8));
  fs.symlinkSync('../many/1', join(state, 'links/soft'));
  fs.linkSync(join(state, 'many/2'), join(state, 'links/hard'));
  await createBackup(new StateStore(state), earlier);
  fs.writeFileSync(join(state, 'many/17'), 'changed');
  fs.rmSync(join(state, 'many/18'));
  await createBackup(new StateStore(state), sealed);
  const entries = [directory('seeds'), file('seeds/a.json', '{}'), file('b', 'content'), symlink('links/in', '../b')];
  fs.writeFileSync(foreign, buildForeign(entries));
});

/** The outcome of an operation, through the local file and through ranges; they must be the same. */
async function both<Result>(snapshot: string, operate: (snapshot: SnapshotInput) => Promise<Result>) {
  const reader = new RecordingReader(snapshot);
  const local = await operate(snapshot);
  const ranged = await operate(reader);
  expect(reader.closed).toBe(1);
  return { local, ranged, reader };
}

function contentOf(snapshot: SnapshotInput, path: string): Promise<Buffer> {
  return buffer(openEntry({ snapshot, path }));
}

async function restored(snapshot: SnapshotInput, paths?: string[]): Promise<string> {
  const target = room.fresh('restored');
  const result = await restoreBackup(new StateStore(target), snapshot, { ...(paths && { paths }), threads: 2 });
  expect(result.complete).toBe(true);
  return target;
}

function expectSameTrees(one: string, other: string): void {
  const differences = compareTrees(readTree(one), readTree(other));
  // Directories that are no entries have the time at which they were made.
  expect(differences.filter((difference) => !/^time: (?:\.|links):/.test(difference))).toEqual([]);
}

async function entriesOf(snapshot: SnapshotInput, paths?: string[]) {
  const entries = [];
  for await (const entry of listEntries({ snapshot, ...(paths && { paths }) })) entries.push(entry);
  return entries;
}

describe.each([
  ['sealed', sealed, 'large'],
  ['foreign', foreign, 'b'],
])('of a %s snapshot that is read by ranges', (_kind, snapshot, path) => {
  test('verify finds the same', async () => {
    const { local, ranged } = await both(snapshot, (each) => verifySnapshot({ snapshot: each, threads: 2 }));
    expect(ranged).toEqual(local);
    expect(ranged.valid).toBe(true);
  });

  test('show shows the same', async () => {
    const { local, ranged } = await both(snapshot, (each) => showSnapshot({ snapshot: each }));
    expect(ranged).toEqual({ ...local, path: null });
  });

  test('list lists the same', async () => {
    const { local, ranged } = await both(snapshot, (each) => entriesOf(each));
    expect(ranged).toEqual(local);
  });

  test('cat writes the same', async () => {
    const { local, ranged } = await both(snapshot, (each) => contentOf(each, path));
    expect(ranged.equals(local)).toBe(true);
    expect(ranged.length).toBeGreaterThan(0);
  });

  test('diff with a snapshot and with a directory shows the same', async () => {
    const { local, ranged } = await both(snapshot, (each) => diffSnapshots({ before: earlier, after: each }));
    expect(ranged).toEqual(local);
    const directory = await both(snapshot, (each) =>
      compareWithDirectory({ snapshot: each, directory: state, threads: 2 }),
    );
    expect(directory.ranged).toEqual(directory.local);
  });

  test('restore restores the same, and its dry run says the same', async () => {
    const target = room.fresh('planned');
    const plans = await both(snapshot, (each) => planRestore({ stateDir: target, snapshot: each }));
    expect({ ...plans.ranged, space: null }).toEqual({ ...plans.local, space: null });
    const { local, ranged } = await both(snapshot, (each) => restored(each));
    expectSameTrees(local, ranged);
  });

  test('salvage takes out the same', async () => {
    const salvage = async (each: SnapshotInput) => {
      const { directory, ...result } = await salvageSnapshot({ snapshot: each, directory: room.fresh('salvaged') });
      return { result, directory };
    };
    const { local, ranged } = await both(snapshot, salvage);
    expect(ranged.result).toEqual(local.result);
    expectSameTrees(local.directory, ranged.directory);
  });
});

test('damage is found by ranges as it is in a file', async () => {
  const damaged = room.path('damaged.tar.gz');
  const bytes = fs.readFileSync(sealed);
  for (const at of [0.2, 0.6]) (bytes[Math.floor(bytes.length * at)] as number) ^= 1;
  fs.writeFileSync(damaged, bytes);
  const { local, ranged } = await both(damaged, (each) => verifySnapshot({ snapshot: each, threads: 2 }));
  expect(ranged).toEqual(local);
  expect(ranged.valid).toBe(false);
});

test('show costs four reads at most, and some hundred KiB', async () => {
  const { reader } = await both(sealed, (each) => showSnapshot({ snapshot: each }));
  expect(reader.reads.length).toBeLessThanOrEqual(4);
  expect(reader.bytes).toBeLessThan(512 * 1024);
});

test('one file back costs the index that leads to it, and its members', async () => {
  const { reader, ranged } = await both(sealed, (each) => restored(each, ['many/2999']));
  expect(fs.readdirSync(join(ranged, 'many'))).toEqual(['2999']);
  // Head, end, the member that ends the tar, page, blocks, one member of half a MiB to two.
  expect(reader.reads.length).toBeLessThanOrEqual(10);
  expect(reader.bytes).toBeLessThan(4 * MIB);
  const cat = await both(sealed, (each) => contentOf(each, 'many/2999'));
  expect(cat.reader.reads.length).toBeLessThanOrEqual(8);
  expect(cat.reader.bytes).toBeLessThan(4 * MIB);
});

test('verify reads each byte about once, in ranges of some MiB, several at a time', async () => {
  const { reader } = await both(sealed, (each) => verifySnapshot({ snapshot: each, threads: 2 }));
  expect(reader.bytes).toBeLessThan(reader.size + 2 * MIB);
  expect(reader.reads.length).toBeLessThan(reader.size / MIB);
  expect(reader.mostUnderWay).toBeGreaterThan(1);
});
