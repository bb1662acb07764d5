import { readFileSync, writeFileSync } from 'node:fs';
import { createBackup, type Problem, StateStore, verifySnapshot } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { CaseCounter, sampleOf } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { flipped, type Member, membersOf, spliced } from './members.ts';
import { expectInvalid, expectRefused } from './refusal.ts';
import { buildLargerTree, noise } from './small-tree.ts';

const room = new TempDir();
const damaged = room.path('damaged.tar.gz');
let one: Buffer;
/** The same tree with other content: members of nearly the same lengths. */
let other: Buffer;
let members: Member[];
let entries: Member[];

beforeAll(async () => {
  for (const [name, seed] of [
    ['one', 1],
    ['other', 2],
  ] as const) {
    buildLargerTree(room.path(name), seed);
    await createBackup(new StateStore(room.path(name)), room.path(`${name}.tar.gz`));
  }
  one = readFileSync(room.path('one.tar.gz'));
  other = readFileSync(room.path('other.tar.gz'));
  members = membersOf(one);
  entries = members.filter(({ kind }) => kind === 'D');
});

async function expectDamage(bytes: Buffer): Promise<void> {
  writeFileSync(damaged, bytes);
  await expectInvalid(damaged);
  await expectRefused(damaged, room.path('target'));
}

function bytesOf({ offset, length }: Member): Buffer {
  return one.subarray(offset, offset + length);
}

test('members that change places are refused', async (context) => {
  const counter = new CaseCounter(context, 'two members swapped: verify and restore refuse');
  for (const [i, b] of sampleOf([...members.entries()].slice(1), 6)) {
    const a = members[i - 1] as Member;
    await counter.case(`members ${i - 1} and ${i}`, () =>
      expectDamage(spliced(one, a.offset, b.offset + b.length, Buffer.concat([bytesOf(b), bytesOf(a)]))),
    );
  }
  counter.finish();
});

test('members that are missing, or are there twice, are refused', async (context) => {
  const counter = new CaseCounter(context, 'a member left out or doubled: verify and restore refuse');
  for (const [i, { offset, length }] of sampleOf([...members.entries()], 5)) {
    await counter.case(`member ${i} left out`, () => expectDamage(spliced(one, offset, offset + length)));
    await counter.case(`member ${i} doubled`, () =>
      expectDamage(spliced(one, offset, offset, one.subarray(offset, offset + length))),
    );
  }
  counter.finish();
});

test('two snapshots that are joined are refused', async (context) => {
  const counter = new CaseCounter(context, 'two snapshots spliced at member boundaries: verify and restore refuse');
  const boundaries = membersOf(other).map(({ offset }) => offset);
  for (const { offset } of sampleOf(members.slice(1), 5)) {
    for (const from of new Set([...boundaries.filter((each) => Math.abs(each - offset) < 20_000), offset])) {
      await counter.case(`${offset} + ${from}`, () =>
        expectDamage(Buffer.concat([one.subarray(0, offset), other.subarray(from)])),
      );
    }
  }
  await counter.case('one behind the other', () => expectDamage(Buffer.concat([one, other])));
  counter.finish();
});

test('what is put in, before or behind is refused', async (context) => {
  const counter = new CaseCounter(context, 'garbage inserted, prepended or appended: verify and restore refuse');
  const garbage = {
    zero: Buffer.alloc(1),
    zeros: Buffer.alloc(512),
    text: Buffer.from('garbage'),
    noise: noise(70_000, 9),
  };
  const places: { name: string; bytes: Buffer; at: number }[] = [];
  for (const [name, bytes] of Object.entries(garbage)) {
    for (const at of [0, 7, members[1]?.offset ?? 0, one.length >> 1, one.length - 124, one.length - 5, one.length]) {
      places.push({ name, bytes, at });
    }
  }
  for (const { name, bytes, at } of sampleOf(places, 10))
    await counter.case(`${name} at ${at}`, () => expectDamage(spliced(one, at, at, bytes)));
  counter.finish();
});

test('verify names every damaged member, its bytes and its entries, not the first', async () => {
  const hit = [entries[0], entries[2], entries.at(-1)] as Member[];
  const bytes = hit.reduce((whole, { offset, length }) => flipped(whole, (offset + (length >> 1)) * 8 + 3), one);
  writeFileSync(damaged, bytes);
  const { valid, problems } = await verifySnapshot({ snapshot: damaged });
  expect(valid).toBe(false);
  const places = problems.filter(({ offset }) => offset !== undefined);
  expect(places.map(({ offset, length }) => ({ offset, length }))).toEqual(
    hit.map(({ offset, length }) => ({ offset, length })),
  );
  const named = problems.flatMap(({ paths }: Problem) => paths);
  expect(named).toContain('assets.bin');
  expect(named.some((path) => path.startsWith('sessions/'))).toBe(true);
  for (const { message, offset = 0, length = 0 } of places)
    expect(message).toContain(`bytes ${offset} to ${offset + length - 1}`);
});

test('verify names an index that is damaged together with damaged members of other blocks', async () => {
  const index = members.find(({ kind }) => kind === 'I') as Member;
  const first = entries[0] as Member;
  // The blocks come first in the index; its root, which must hold for anything to be said, last.
  writeFileSync(damaged, flipped(flipped(one, (index.offset + 40) * 8), (first.offset + 500) * 8));
  const { problems } = await verifySnapshot({ snapshot: damaged });
  expect(problems.length).toBeGreaterThan(0);
  expect(problems[0]?.code).toBe('SNAPSHOT_DAMAGED');
});
