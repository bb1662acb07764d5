import fs from 'node:fs';
import { createBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { beforeAll, describe, expect, test } from 'vitest';
import { flipped, membersOf } from '../damage/members.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const snapshot = room.path('snapshot.tar.gz');
let bytes: Buffer;

beforeAll(async () => {
  const root = room.path('state');
  buildSmallTree(root);
  // A block of its own, whose members are shared out.
  fs.writeFileSync(`${root}/large.bin`, noise(8 * 2 ** 20 + 3, 1));
  await createBackup(new StateStore(root), snapshot, { createdAt: new Date(0) });
  bytes = fs.readFileSync(snapshot);
});

describe('a quick verification', () => {
  test('says the same of a valid snapshot as a complete one, and that it was quick', async () => {
    const complete = await verifySnapshot({ snapshot });
    expect(complete).toMatchObject({ valid: true, quick: false });
    expect(await verifySnapshot({ snapshot, quick: true })).toEqual({ ...complete, quick: true });
  });

  test('finds a flipped bit wherever it is, and names the entries', async () => {
    const positions = membersOf(bytes).flatMap(({ offset, length }) => [
      offset,
      offset + 16,
      offset + 25,
      offset + Math.floor(length / 2),
      offset + length - 5,
      offset + length - 1,
    ]);
    const damaged = room.path('damaged.tar.gz');
    for (const at of new Set(positions)) {
      fs.writeFileSync(damaged, flipped(bytes, at * 8 + 3));
      const { valid, problems } = await verifySnapshot({ snapshot: damaged, quick: true, threads: 1 });
      expect(valid, `byte ${at}`).toBe(false);
      const [member] = membersOf(bytes).filter(
        ({ kind, offset, length }) => kind === 'D' && at >= offset && at < offset + length,
      );
      if (member !== undefined)
        expect(problems).toEqual([
          expect.objectContaining({ code: 'SNAPSHOT_DAMAGED', offset: member.offset, length: member.length }),
        ]);
      if (member !== undefined) expect(problems[0]?.paths).not.toEqual([]);
    }
  });

  test('finds each of several damaged pieces of a large file', async () => {
    const pieces = membersOf(bytes).filter(({ kind, length }) => kind === 'D' && length > 500_000);
    let damaged = bytes;
    for (const { offset } of [pieces[1], pieces[4]] as { offset: number }[])
      damaged = flipped(damaged, (offset + 999) * 8);
    const file = room.path('damaged.tar.gz');
    fs.writeFileSync(file, damaged);
    const { problems } = await verifySnapshot({ snapshot: file, quick: true });
    expect(problems.map(({ offset, paths }) => [offset, paths])).toEqual([
      [pieces[1]?.offset, ['large.bin']],
      [pieces[4]?.offset, ['large.bin']],
    ]);
  });
});
