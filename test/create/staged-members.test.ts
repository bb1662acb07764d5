import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { LargeFileOutput } from '../../src/create/large-file-output.ts';
import type { PackedMember } from '../../src/create/snapshot-body.ts';
import { StagedMembers } from '../../src/create/staged-members.ts';
import { noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MIB = 2 ** 20;
let mounted: string | null = null;
afterEach(() => {
  if (mounted !== null) spawnSync('umount', ['-l', mounted]);
  mounted = null;
});

function recorder(): LargeFileOutput & { taken: Buffer[] } {
  const taken: Buffer[] = [];
  return {
    taken,
    canRollBack: false,
    isStaged: false,
    add: async (packed) => void taken.push(Buffer.from((packed as PackedMember).member)),
    rollback: async () => {},
    commit: async () => {},
    release: () => {},
  };
}

function folder(): string {
  const path = room.fresh('scratch');
  mkdirSync(path);
  return path;
}

const members = Array.from({ length: 12 }, (_, i) => noise(MIB, i));
const packed = (member: Buffer) => ({ member, raw: MIB, sha256: '', pieceSha256: '' });

test('members come out in order, once they may, and leave nothing behind', async () => {
  const scratch = folder();
  const next = recorder();
  const staged = new StagedMembers(next, () => scratch);
  for (const member of members) {
    const lent = Buffer.from(member);
    await staged.add(packed(lent));
    // Its memory is ours again.
    lent.fill(0);
  }
  expect([next.taken.length, staged.canRollBack, readdirSync(scratch)]).toEqual([0, true, ['large-file']]);
  await staged.commit();
  expect(Buffer.concat(next.taken).equals(Buffer.concat(members))).toBe(true);
  expect(readdirSync(scratch)).toEqual([]);
});

test('members that are rolled back are gone', async () => {
  const scratch = folder();
  const next = recorder();
  const staged = new StagedMembers(next, () => scratch);
  for (const member of members) await staged.add(packed(member));
  await staged.rollback();
  await staged.commit();
  expect([next.taken, readdirSync(scratch)]).toEqual([[], []]);
});

test('when the folder is full they go on, and cannot be rolled back any more', async ({ skip }) => {
  const scratch = folder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3500k', 'none', scratch]).status !== 0)
    skip('nothing can be mounted here');
  mounted = scratch;
  const next = recorder();
  const staged = new StagedMembers(next, () => scratch);
  for (const member of members.slice(0, 7)) await staged.add(packed(member));
  expect([next.taken.length, staged.canRollBack]).toEqual([0, true]);
  await staged.add(packed(members[7] as Buffer));
  expect([next.taken.length, staged.canRollBack]).toEqual([8, false]);
  for (const member of members.slice(8)) await staged.add(packed(member));
  await staged.commit();
  expect(Buffer.concat(next.taken).equals(Buffer.concat(members))).toBe(true);
  expect(readdirSync(scratch)).toEqual([]);
});
