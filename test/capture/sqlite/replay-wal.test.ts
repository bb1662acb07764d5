import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replayWal } from '../../../src/capture/sqlite/replay-wal.ts';
import { temporaryFolder } from '../collect.ts';
import { inspect, inspectAll, Writer } from './python-database.ts';

const HEADER = 32;
const FRAME = 24 + 4096;

let folder: ReturnType<typeof temporaryFolder>;
let database: string;
let wal: string;
beforeEach(async () => {
  folder = temporaryFolder();
  const source = join(folder.path, 'source.db');
  const writer = await Writer.start(source, 'wal', 50);
  database = join(folder.path, 'copy.db');
  wal = `${database}.frames`;
  copyFileSync(source, database);
  copyFileSync(`${source}-wal`, wal);
  await writer.kill();
});
afterEach(() => folder.remove());

test('everything that is committed is there', async () => {
  await replayWal(database, wal);
  expect(inspect(database)).toEqual({ integrity: 'ok', total: 50, rows: 50, words: 50 });
  expect(readFileSync(database).readUInt32BE(28) * 4096).toBe(readFileSync(database).length);
});

test('a WAL cut anywhere, or with a byte changed, counts up to the commit before', async () => {
  const [pristine, frames] = [readFileSync(database), readFileSync(wal)];
  const folded = async (content: Buffer, name: string): Promise<string> => {
    const path = join(folder.path, name);
    writeFileSync(path, pristine);
    writeFileSync(wal, content);
    await replayWal(path, wal);
    return path;
  };
  const results: string[] = [];
  for (let at = HEADER + 1; at < frames.length; at += Math.ceil(frames.length / 25)) {
    results.push(await folded(frames.subarray(0, at), `cut-${at}.db`));
    const damaged = Buffer.from(frames);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    results.push(await folded(damaged, `flip-${at}.db`));
  }
  const answers = inspectAll(results);
  for (const { integrity, total, rows } of answers) expect([integrity, rows]).toEqual(['ok', total]);
  expect(new Set(answers.map(({ total }) => total)).size).toBeGreaterThan(1);
});

test('checksums over big-endian words hold as well', async () => {
  const bytes = readFileSync(wal);
  let [first, second] = [0, 0];
  const update = (from: number, to: number) => {
    for (let at = from; at < to; at += 8) {
      first = (first + bytes.readUInt32BE(at) + second) >>> 0;
      second = (second + bytes.readUInt32BE(at + 4) + first) >>> 0;
    }
  };
  const store = (at: number) => {
    bytes.writeUInt32BE(first, at);
    bytes.writeUInt32BE(second, at + 4);
  };
  expect(bytes.readUInt32BE(0)).toBe(0x377f0682);
  bytes.writeUInt32BE(0x377f0683, 0);
  update(0, 24);
  store(24);
  const salts = bytes.subarray(16, 24);
  for (let at = HEADER; at < bytes.length && bytes.compare(salts, 0, 8, at + 8, at + 16) === 0; at += FRAME) {
    update(at, at + 8);
    update(at + 24, at + FRAME);
    store(at + 16);
  }
  writeFileSync(wal, bytes);
  await replayWal(database, wal);
  expect(inspect(database)).toEqual({ integrity: 'ok', total: 50, rows: 50, words: 50 });
});

test.each([0, 10, 32])('a WAL of %i bytes holds nothing', async (length) => {
  const before = readFileSync(database);
  truncateSync(wal, length);
  await replayWal(database, wal);
  expect(readFileSync(database).equals(before)).toBe(true);
});
