import fs, { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type BackupEvent,
  type CreateOptions,
  createBackup,
  planSnapshot,
  StateStore,
  verifySnapshot,
} from 'oxios-backup';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolder } from '../../../src/system/cache-folder.ts';
import { flipped, membersOf } from '../../damage/members.ts';
import { buildLargerTree, noise } from '../../damage/small-tree.ts';
import { DISK_FOLDER } from '../../test-folder.ts';

// On a disk: in memory times do not tell every write, and all is read.
const room = mkdtempSync(join(DISK_FOLDER, 'oxios-test-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));
// Of its own: the caches are deleted under way.
process.env.XDG_CACHE_HOME = join(room, 'caches');

const CREATED_AT = new Date('2026-03-03T02:00:00Z');
const TICK_MS = 30;

let number = 0;
let root: string;
let files: number;

beforeEach(async () => {
  root = join(room, `state-${number++}`);
  buildLargerTree(root, number);
  fs.writeFileSync(join(root, 'large.bin'), noise(8 * 2 ** 20 + 7, number));
  files = 40 + 6;
  await setTimeout(TICK_MS);
});

async function create(options: CreateOptions = {}, output = join(room, `${number++}.tar.gz`)) {
  const events: BackupEvent[] = [];
  const all = {
    createdAt: CREATED_AT,
    oxiosVersion: '1',
    onEvent: (event: BackupEvent) => events.push(event),
    ...options,
  };
  const result = await createBackup(new StateStore(root), output, all);
  const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
  return { ...result, path: output, notices, bytes: fs.readFileSync(output) };
}

describe('what is copied from a parent', () => {
  test('all of it, with no file read, when nothing changed; all is read for a rescan or without the cache', async () => {
    const { path: parent, bytes } = await create();
    const again = await create({ parent });
    expect(again.bytes.equals(bytes)).toBe(true);
    const { storedBytes } = again.reuse ?? {};
    expect(again.reuse).toMatchObject({
      parent,
      copiedBytes: storedBytes,
      unreadFiles: files,
      readFiles: 0,
      rescan: false,
    });
    expect(again.reuse?.parentCreatedAt).toBe(CREATED_AT.toISOString());
    const rescan = await create({ parent, rescan: true });
    expect(rescan.reuse).toMatchObject({ copiedBytes: storedBytes, unreadFiles: 0, readFiles: files, rescan: true });
    rmSync(cacheFolder() as string, { recursive: true });
    const forgotten = await create({ parent });
    expect(forgotten.reuse).toMatchObject({ copiedBytes: storedBytes, unreadFiles: 0, rescan: false });
    expect(forgotten.bytes.equals(bytes)).toBe(true);
  });

  test('every seventh run reads all files by itself', async () => {
    let { path: parent } = await create();
    const rescans: unknown[] = [];
    for (let run = 2; run <= 15; run++) {
      const { path, reuse } = await create({ parent });
      rescans.push(reuse?.rescan);
      parent = path;
    }
    // The first one read all, the 8th and the 15th do again.
    expect(rescans.flatMap((rescan, i) => (rescan ? [i + 2] : []))).toEqual([8, 15]);
  });

  test('of a grown log and a database with a changed page, all pieces but those that changed', async () => {
    const { path: parent } = await create();
    fs.appendFileSync(join(root, 'large.bin'), 'one line more\n');
    fs.utimesSync(join(root, 'large.bin'), 1_750_000_000, 1_750_000_000);
    const grown = await create({ parent });
    const { stored } = pieces(grown.bytes);
    // The first one has the header, which names the length.
    expect((grown.reuse?.storedBytes ?? 0) - (grown.reuse?.copiedBytes ?? 0)).toBe(
      (stored[0] ?? 0) + (stored.at(-1) ?? 0),
    );
    const fd = fs.openSync(join(root, 'large.bin'), 'r+');
    fs.writeSync(fd, 'changed', 5 * 2 ** 20 + 100);
    fs.closeSync(fd);
    // Of another second: the first piece has the header, which tells seconds.
    fs.utimesSync(join(root, 'large.bin'), 1_750_000_001, 1_750_000_001);
    const changed = await create({ parent: grown.path });
    expect(changed.bytes.equals((await create({ parent: null })).bytes)).toBe(true);
    const now = pieces(changed.bytes).stored;
    expect((changed.reuse?.storedBytes ?? 0) - (changed.reuse?.copiedBytes ?? 0)).toBe((now[0] ?? 0) + (now[5] ?? 0));
  });

  test('nothing where it was packed with another level, nor from a foreign archive; a notice says so', async () => {
    const { path: parent } = await create({ level: 1 });
    const other = await create({ parent });
    expect(other.reuse).toBeNull();
    expect(other.notices.join()).toContain('is of no use as parent of this snapshot: it was packed by another version');
    expect((await create({ parent, level: 1 })).reuse?.readFiles).toBe(0);
    await expect(create({ parent: join(room, 'none.tar.gz') })).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
  });

  test('in a folder, from the newest snapshot of the same source that is intact', async () => {
    const folder = join(room, `folder-${number++}`);
    fs.mkdirSync(folder);
    const put = async (day: number, options: CreateOptions = {}) => {
      const { reuse, output } = await createBackup(
        new StateStore(root),
        { folder },
        { createdAt: new Date(Date.UTC(2026, 0, day)), oxiosVersion: '1', ...options },
      );
      return { parent: reuse?.parent ?? null, output };
    };
    const first = await put(1);
    expect(first.parent).toBeNull();
    const elsewhere = await put(2, { host: 'elsewhere' });
    expect(elsewhere.parent).toBeNull();
    const second = await put(3);
    expect(second.parent).toBe(first.output);
    const third = await put(4);
    expect(third.parent).toBe(second.output);
    fs.truncateSync(third.output, 5000);
    expect((await put(5)).parent).toBe(second.output);
    expect((await put(6, { parent: null })).parent).toBeNull();
    expect((await put(7, { parent: first.output })).parent).toBe(first.output);
  });

  test('a dry run says what is not even read', async () => {
    const { path: parent } = await create();
    fs.writeFileSync(join(root, 'sessions/3.json'), noise(100_000, 77));
    const { reuse } = await planSnapshot({ stateDir: root, parent });
    const made = await create({ parent });
    expect(reuse).toMatchObject({ parent, unreadFiles: made.reuse?.unreadFiles, readFiles: made.reuse?.readFiles });
    expect(reuse?.copiedBytes).toBe(made.reuse?.copiedBytes);
    expect(made.reuse?.unreadFiles).toBeGreaterThan(files / 2);
    expect((await planSnapshot({ stateDir: root })).reuse).toBeNull();
  });

  test('a cache that would be part of the state is not made', async () => {
    const { XDG_CACHE_HOME } = process.env;
    process.env.XDG_CACHE_HOME = join(root, 'caches');
    try {
      const { path: parent } = await create();
      expect((await create({ parent })).reuse).toMatchObject({ unreadFiles: 0 });
      expect(fs.existsSync(join(root, 'caches'))).toBe(false);
      process.env.XDG_CACHE_HOME = join(root, 'empty.md');
      expect((await create({ parent })).complete).toBe(true);
    } finally {
      process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    }
  });

  test('where nothing can be remembered a notice says so, and the snapshot is made', async () => {
    const { XDG_CACHE_HOME } = process.env;
    process.env.XDG_CACHE_HOME = join(room, 'a-file');
    fs.writeFileSync(join(room, 'a-file'), '');
    try {
      expect((await create()).notices.join()).toContain('what was seen cannot be remembered here');
    } finally {
      process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    }
  });
});

/** Lengths of the members of the file of 8 MiB. */
function pieces(bytes: Buffer): { stored: number[] } {
  const large = membersOf(bytes).filter(({ kind }) => kind === 'D');
  const first = large.findIndex(
    ({ length }, i) =>
      length > 2 ** 20 - 999 &&
      large[i + 7] !== undefined &&
      large.slice(i, i + 8).every((each) => each.length > 2 ** 20 - 999),
  );
  return { stored: large.slice(first, first + 9).map(({ length }) => length) };
}

describe('a damaged parent', () => {
  test('never puts its damage into a snapshot, wherever a bit is flipped, and is named', async () => {
    const { path: parent, bytes } = await create();
    const damaged = join(room, 'damaged.tar.gz');
    const members = membersOf(bytes);
    const positions = members.flatMap(({ kind, offset, length }) =>
      kind === 'I' ? [offset + 900] : [offset + 30, offset + length - 1],
    );
    for (const [i, at] of [...new Set(positions)].entries()) {
      fs.writeFileSync(damaged, flipped(bytes, at * 8 + (i % 8)));
      const rescan = i % 2 === 0;
      const made = await create({ parent: damaged, rescan }, join(room, 'made.tar.gz'));
      rmSync(made.path);
      expect(made.bytes.equals(bytes), `byte ${at}`).toBe(true);
      const [member] = members.filter(({ offset, length }) => at >= offset && at < offset + length);
      if (member?.kind !== 'D') continue;
      expect(made.reuse?.damage).toEqual([
        expect.objectContaining({ code: 'SNAPSHOT_DAMAGED', offset: member.offset, length: member.length }),
      ]);
      expect(made.notices.join()).toContain('the parent is damaged: bytes');
      expect(made.reuse?.copiedBytes).toBeGreaterThan(0);
    }
    rmSync(parent);
  });

  test('also where what is made goes into a stream', async () => {
    const { bytes } = await create();
    const damaged = join(room, 'damaged.tar.gz');
    const large = membersOf(bytes).filter(({ kind, length }) => kind === 'D' && length > 900_000);
    fs.writeFileSync(damaged, flipped(bytes, ((large[3]?.offset ?? 0) + 5000) * 8));
    const output = join(room, 'streamed.tar.gz');
    const stream = fs.createWriteStream(output);
    const { reuse } = await createBackup(new StateStore(root), stream, { parent: damaged });
    await new Promise((resolve) => stream.end(resolve));
    expect(reuse?.damage).toHaveLength(1);
    expect(await verifySnapshot({ snapshot: output })).toMatchObject({ valid: true });
  });
});

describe('a writer that races with captures', () => {
  test('is never missed: as many bytes, written in the same tick, with the time put back', async () => {
    const file = join(root, 'sessions/7.json');
    let { path: parent } = await create();
    for (let round = 0; round < 5; round++) {
      // Right before the capture, right behind it, and once more in the tick of the next one.
      fs.writeFileSync(file, noise(100_000, 100 + round));
      const { atimeMs, mtimeMs } = fs.statSync(file);
      const made = await create({ parent });
      fs.writeFileSync(file, noise(100_000, 500 + round));
      fs.utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
      const next = await create({ parent: made.path });
      expect(next.bytes.equals((await create({ parent: null })).bytes)).toBe(true);
      rmSync(made.path);
      rmSync(parent);
      parent = next.path;
    }
  });

  test('a file dated in the future is read each time', async () => {
    const later = Date.now() / 1000 + 3600;
    fs.utimesSync(join(root, 'sessions/7.json'), later, later);
    await setTimeout(TICK_MS);
    const first = await create();
    const second = await create({ parent: first.path });
    const third = await create({ parent: second.path });
    for (const { reuse } of [second, third]) {
      expect(reuse?.readFiles).toBeGreaterThan(0);
      expect(reuse?.readFiles).toBeLessThan(files);
      expect(reuse?.copiedBytes).toBe(reuse?.storedBytes);
    }
  });
});
