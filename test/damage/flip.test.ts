import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { beforeAll, expect, test } from 'vitest';
import { openReader } from '../../src/storage/open-reader.ts';
import { CaseCounter, sampleOf, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { problemsOf } from './check-in-process.ts';
import { flipped, membersOf } from './members.ts';
import { expectInvalid, expectRefused } from './refusal.ts';
import { buildSmallTree } from './small-tree.ts';

const room = new TempDir();
const file = room.path('flipped.tar.gz');
let sound: Buffer;

beforeAll(async () => {
  buildSmallTree(room.path('small'));
  await createBackup(new StateStore(room.path('small')), room.path('small.tar.gz'));
  sound = readFileSync(room.path('small.tar.gz'));
});

/** Every bit in the long form; else a sample, closest where no digest covers what is stored. */
function bitsToFlip(): number[] {
  const bits: number[] = [];
  for (const { kind, offset, length } of membersOf(sound)) {
    const step = TORTURE ? 1 : kind === 'D' ? 3 : 41;
    for (let bit = offset * 8; bit < (offset + length) * 8; bit += step) bits.push(bit);
  }
  return bits;
}

test('flip every bit: what is not refused changes nothing of what comes out', async (context) => {
  const counter = new CaseCounter(context, 'a small snapshot, every bit flipped: refused, or nothing of it changes');
  writeFileSync(file, sound);
  const fd = openSync(file, 'r+');
  const source = await openReader(file);
  const tar = gunzipSync(sound);
  const passed: number[] = [];
  for (const bit of bitsToFlip()) {
    await counter.case(`bit ${bit}`, async () => {
      const at = bit >> 3;
      const byte = sound[at] as number;
      writeSync(fd, Buffer.from([byte ^ (1 << (bit & 7))]), 0, 1, at);
      const problems = await problemsOf(source);
      writeSync(fd, Buffer.from([byte]), 0, 1, at);
      if (problems.length > 0) return;
      passed.push(bit);
      expect(gunzipSync(flipped(sound, bit)).equals(tar)).toBe(true);
    });
  }
  await source.close();
  counter.finish();
  // All of them in deflate data, where RFC 1951 can say one thing in several ways: bits of the last byte that mean nothing, and
  // copies that may as well come from elsewhere. Gzip's CRC-32 and the digests are of what it says.
  const deflated = membersOf(sound).filter(({ kind }) => kind === 'D');
  for (const bit of passed) {
    const at = bit >> 3;
    expect(deflated.some(({ offset, length }) => at >= offset + 21 && at < offset + length - 8)).toBe(true);
  }
  const deflatedBits = 8 * deflated.reduce((sum, { length }) => sum + length, 0);
  expect(passed.length / deflatedBits).toBeLessThan(0.02);
  const expected = await verifySnapshot({ snapshot: room.path('small.tar.gz') });
  for (const bit of sampleOf(passed, 5)) {
    writeFileSync(file, flipped(sound, bit));
    expect(await verifySnapshot({ snapshot: file })).toEqual(expected);
  }
});

/** Whether the change is in deflate data and gzip itself does not notice it. */
function meansTheSame(bytes: Buffer, tar: Buffer): boolean {
  try {
    const outside = Buffer.from(bytes);
    for (const { offset, length } of membersOf(sound).filter(({ kind }) => kind === 'D'))
      sound.copy(outside, offset + 21, offset + 21, offset + length - 8);
    return outside.equals(sound) && gunzipSync(bytes).equals(tar);
  } catch {
    return false;
  }
}

test('flip bits: verify and restore refuse', async (context) => {
  const counter = new CaseCounter(
    context,
    'a small snapshot, bits flipped: verify and restore refuse, nothing is changed',
  );
  const step = TORTURE ? 9 : Math.ceil((sound.length * 8) / 37) | 1;
  const tar = gunzipSync(sound);
  for (let bit = 3; bit < sound.length * 8; bit += step) {
    if (meansTheSame(flipped(sound, bit), tar)) continue;
    await counter.case(`bit ${bit}`, async () => {
      writeFileSync(file, flipped(sound, bit));
      await expectInvalid(file);
      await expectRefused(file, room.path('target'));
    });
  }
  counter.finish();
});
