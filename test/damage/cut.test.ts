import { readFileSync, writeFileSync } from 'node:fs';
import { createBackup, StateStore } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { openReader } from '../../src/storage/open-reader.ts';
import { CaseCounter, sampleOf } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { problemsOf } from './check-in-process.ts';
import { membersOf } from './members.ts';
import { expectInvalid, expectRefused } from './refusal.ts';
import { buildLargerTree, buildSmallTree } from './small-tree.ts';

const room = new TempDir();
const cut = room.path('cut.tar.gz');
let small: Buffer;
let larger: Buffer;

beforeAll(async () => {
  buildSmallTree(room.path('small'));
  buildLargerTree(room.path('larger'));
  await createBackup(new StateStore(room.path('small')), room.path('small.tar.gz'));
  await createBackup(new StateStore(room.path('larger')), room.path('larger.tar.gz'));
  small = readFileSync(room.path('small.tar.gz'));
  larger = readFileSync(room.path('larger.tar.gz'));
});

async function problemsOfBytes(bytes: Buffer): Promise<number> {
  writeFileSync(cut, bytes);
  const source = await openReader(cut);
  try {
    return (await problemsOf(source)).length;
  } finally {
    await source.close();
  }
}

test('the whole is intact', async () => {
  expect(await problemsOfBytes(small)).toBe(0);
  expect(await problemsOfBytes(larger)).toBe(0);
});

test('cut at every byte: verify refuses', async (context) => {
  const counter = new CaseCounter(context, 'a small snapshot cut at every byte: verify refuses');
  for (let length = 0; length < small.length; length++) {
    await counter.case(`${length} bytes`, async () => {
      writeFileSync(cut, small.subarray(0, length));
      await expectInvalid(cut);
    });
  }
  counter.finish();
});

test('cut anywhere: restore refuses', async (context) => {
  const counter = new CaseCounter(context, 'a small snapshot cut: restore refuses, nothing is changed');
  for (const length of sampleOf([...small.keys()], 40)) {
    await counter.case(`${length} bytes`, async () => {
      writeFileSync(cut, small.subarray(0, length));
      await expectRefused(cut, room.path('target'));
    });
  }
  counter.finish();
});

test('cut at every member boundary: verify and restore refuse', async (context) => {
  const counter = new CaseCounter(context, 'a larger snapshot cut at every member boundary: verify and restore refuse');
  const boundaries = membersOf(larger).map(({ offset }) => offset);
  expect(boundaries.length).toBeGreaterThan(10);
  for (const boundary of boundaries) {
    await counter.case(`${boundary} bytes`, async () => {
      writeFileSync(cut, larger.subarray(0, boundary));
      await expectInvalid(cut);
      await expectRefused(cut, room.path('target'));
    });
  }
  counter.finish();
});
