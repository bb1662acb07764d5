import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { createBackup, listEntries, StateStore } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { ParentCursor } from '../../../src/create/reuse/parent-cursor.ts';
import { contentDigests, storedMembers } from '../../../src/create/reuse/parent-units.ts';
import { openSnapshot, type SealedSnapshot } from '../../../src/read/open-snapshot.ts';
import { openReader } from '../../../src/storage/open-reader.ts';
import { flipped, membersOf } from '../../damage/members.ts';
import { buildLargerTree, noise } from '../../damage/small-tree.ts';
import { TempDir } from '../../workroom.ts';

const room = new TempDir();
const snapshot = room.path('snapshot.tar.gz');
let bytes: Buffer;
const entries: { path: string; sha256?: string }[] = [];

beforeAll(async () => {
  const root = room.path('state');
  buildLargerTree(root);
  fs.mkdirSync(join(root, 'many'));
  // Of more than one block.
  for (let i = 0; i < 6000; i++) fs.writeFileSync(join(root, `many/${i}`), i % 3 === 0 ? '' : noise(300, i));
  fs.writeFileSync(join(root, 'notes/alone.bin'), noise(9 * 2 ** 20 + 5, 3));
  await createBackup(new StateStore(root), snapshot, { createdAt: new Date(0) });
  bytes = fs.readFileSync(snapshot);
  for await (const entry of listEntries({ snapshot })) entries.push(entry);
});

async function open(file: string): Promise<SealedSnapshot> {
  const opened = await openSnapshot(await openReader(file));
  if (opened.kind !== 'sealed') throw new Error('it is not sealed');
  return opened;
}

function cursorOf({ index, blocks }: SealedSnapshot, damage: unknown[] = []): ParentCursor {
  return new ParentCursor(index, blocks, (error) => damage.push(error));
}

/** The units of a snapshot, asked for by the paths at which they begin. */
async function unitsOf(cursor: ParentCursor, paths: readonly string[]) {
  const found = [];
  for (const path of paths) {
    const unit = await cursor.find(path);
    if (unit !== null) found.push(unit);
  }
  return found;
}

describe('the cursor of a parent', () => {
  test('remembers the last blocks as they are in the index', async () => {
    const parent = await open(snapshot);
    const cursor = cursorOf(parent);
    let last: Uint8Array | null = null;
    for (let i = 0; i < parent.blocks.length; i++) {
      const { row } = await parent.blocks.at(i);
      expect(cursor.encodedBlock(row.first)).toBeNull();
      await cursor.find(row.first);
      last = cursor.encodedBlock(row.first);
      expect(
        createHash('sha256')
          .update(last ?? '')
          .digest('hex'),
      ).toBe(row.sha256);
    }
    expect(cursor.encodedBlock((await parent.blocks.at(0)).row.first)).not.toBeNull();
    expect(last).not.toBeNull();
  });

  test('finds every member with its entries, and the pieces of large files', async () => {
    const parent = await open(snapshot);
    expect(parent.blocks.length).toBeGreaterThan(3);
    const units = await unitsOf(
      cursorOf(parent),
      entries.map(({ path }) => path),
    );
    const members = units.flatMap((unit) => [...storedMembers(unit)]);
    const expected = membersOf(bytes).filter(({ kind }) => kind === 'D');
    expect(members.map(({ offset, stored }) => ({ offset, length: stored }))).toEqual(
      expected.map(({ offset, length }) => ({ offset, length })),
    );
    for (const { offset, stored, sha256 } of members)
      expect(
        createHash('sha256')
          .update(bytes.subarray(offset, offset + stored))
          .digest('hex'),
      ).toBe(sha256);
    expect(units.map(({ firstEntry }) => entries[firstEntry]?.path)).toEqual(
      units.map(({ block, entry }) => block.path[entry]),
    );
    expect(units.reduce((sum, unit) => sum + unit.entries, 0)).toBe(entries.length);
    expect(units.map(contentDigests).join('')).toBe(entries.map(({ sha256 = '' }) => sha256).join(''));
    const large = units.filter(({ isLarge }) => isLarge).map((unit) => [...storedMembers(unit)]);
    expect(large.map((pieces) => pieces.length)).toEqual([4, 10]);
    for (const pieces of large) for (const { pieceSha256 } of pieces) expect(pieceSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('passes over what is not asked for, and finds nothing of what is not there', async () => {
    const paths = entries.map(({ path }) => path);
    const all = (await unitsOf(cursorOf(await open(snapshot)), paths)).map(({ firstEntry }) => firstEntry);
    for (const step of [2, 3, 5]) {
      const cursor = cursorOf(await open(snapshot));
      for (const [i, path] of paths.entries()) {
        if (i % step !== 0) continue;
        expect((await cursor.find(path))?.firstEntry).toBe(all.includes(i) ? i : undefined);
        expect(await cursor.find(`${path}/\u0001`)).toBeNull();
      }
    }
    const cursor = cursorOf(await open(snapshot));
    expect((await cursor.find(paths[all.at(-1) as number] as string))?.firstEntry).toBe(all.at(-1));
    expect(await cursor.find('zz')).toBeNull();
  });

  test('goes on behind a block of the index that is damaged, and names it', async () => {
    const paths = entries.map(({ path }) => path);
    const all = await unitsOf(cursorOf(await open(snapshot)), paths);
    const first = membersOf(bytes).find(({ kind }) => kind === 'I') as { offset: number };
    const damaged = room.path('damaged.tar.gz');
    fs.writeFileSync(damaged, flipped(bytes, (first.offset + 500) * 8));
    const damage: unknown[] = [];
    const left = await unitsOf(cursorOf(await open(damaged), damage), paths);
    expect(damage).toEqual([expect.objectContaining({ code: 'SNAPSHOT_DAMAGED' })]);
    expect(left.length).toBeLessThan(all.length);
    expect(left.map(({ firstEntry }) => firstEntry)).toEqual(
      all.slice(-left.length).map(({ firstEntry }) => firstEntry),
    );
  });
});
