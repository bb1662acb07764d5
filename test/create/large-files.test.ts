import fs from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { openSnapshot } from '../../src/read/open-snapshot.ts';
import { openReader } from '../../src/storage/open-reader.ts';
import { noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MIB = 2 ** 20;

/** Entries and members of each block of the index. */
async function blocksOf(snapshot: string): Promise<[entries: number, members: number][]> {
  const source = await openReader(snapshot);
  try {
    const opened = await openSnapshot(source);
    if (opened.kind !== 'sealed') throw new Error('not sealed');
    const blocks: [entries: number, members: number][] = [];
    for await (const { row } of opened.blocks) blocks.push([row.entries, row.members]);
    return blocks;
  } finally {
    await source.close();
  }
}

test('a stream may keep what it is given as long as it likes', async () => {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'seeds'), { recursive: true });
  fs.writeFileSync(join(state, 'seeds/a.json'), '{}');
  // Its members are a few KiB each: the stream takes them without asking anybody to wait.
  fs.writeFileSync(join(state, 'even'), '');
  fs.truncateSync(join(state, 'even'), 40 * MIB);
  fs.writeFileSync(join(state, 'noise'), noise(20 * MIB, 1));
  const chunks: Buffer[] = [];
  const slow = new Writable({
    highWaterMark: 64 * MIB,
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      setImmediate(done);
    },
  });
  await createBackup(new StateStore(state), slow);
  await new Promise<void>((resolve) => slow.end(resolve));
  const snapshot = room.fresh('snapshot');
  fs.writeFileSync(snapshot, Buffer.concat(chunks));
  expect(await verifySnapshot({ snapshot })).toMatchObject({ valid: true, problems: [] });
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), snapshot);
  expect(compareTrees(readTree(state), readTree(back))).toEqual([]);
});

test('a file of over 7 MiB is alone in its block, one that was read twice too', async () => {
  const state = room.fresh('state');
  fs.mkdirSync(join(state, 'seeds'), { recursive: true });
  fs.writeFileSync(join(state, 'seeds/a.json'), '{}');
  fs.writeFileSync(join(state, 'b-small'), noise(7 * MIB, 1));
  const large = join(state, 'c-large');
  fs.writeFileSync(large, noise(30 * MIB, 2));
  fs.writeFileSync(join(state, 'd'), 'behind it');
  let changed = false;
  const snapshot = room.fresh('snapshot');
  const made = await createBackup(new StateStore(state), snapshot, {
    threads: 2,
    onEvent(event) {
      if (event.type !== 'progress' || event.bytes < 12 * MIB || changed) return;
      changed = true;
      const fd = fs.openSync(large, 'r+');
      fs.writeSync(fd, 'changed', 3);
      fs.closeSync(fd);
    },
  });
  expect(made).toMatchObject({ complete: true, statuses: [{ path: 'c-large', status: 'retried' }] });
  expect(await blocksOf(snapshot)).toEqual([
    [1, 7],
    [1, 30],
    [3, 1],
  ]);
  const back = room.fresh('back');
  await restoreBackup(new StateStore(back), snapshot);
  expect(compareTrees(readTree(state), readTree(back))).toEqual([]);
});
