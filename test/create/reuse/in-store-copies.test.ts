import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CopyCandidate, InStoreCopies } from '../../../src/create/reuse/in-store-copies.ts';
import type { RangeReader } from '../../../src/storage/range-reader.ts';
import type { SnapshotSink } from '../../../src/storage/storage.ts';
import { noise } from '../../damage/small-tree.ts';

const STEP = 1000;
/** As many as one part holds at least: members of a part are few here, and many there. */
const RUNS = process.env.OXIOS_TORTURE === '1' ? 20_000 : 500;

/** A storage in memory that copies whole steps of a parent, and says no when it is told to. */
class CopyingSink implements SnapshotSink {
  readonly #parent: Uint8Array;
  readonly #refuseAt: number;
  #chunks: Uint8Array[] = [];
  readonly output = null;
  position = 0;
  copies = 0;
  copied = 0;
  #refused = false;

  constructor(parent: Uint8Array, refuseAt: number) {
    this.#parent = parent;
    this.#refuseAt = refuseAt;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
    this.position += bytes.length;
  }

  copyStep(): number {
    return this.#refused ? 0 : STEP;
  }

  async copyFrom(_source: RangeReader, offset: number, length: number): Promise<boolean> {
    expect(length % STEP).toBe(0);
    expect(this.position % STEP).toBe(0);
    expect(this.position).toBeGreaterThan(0);
    expect(offset + length).toBeLessThanOrEqual(this.#parent.length);
    this.#refused ||= this.copies++ === this.#refuseAt;
    if (this.#refused) return false;
    this.write(this.#parent.subarray(offset, offset + length));
    this.copied += length;
    return true;
  }

  async commit(): Promise<void> {}
  async discard(): Promise<void> {}
}

/** What comes next in a snapshot: something else, or a member of the parent. */
interface Next {
  /** Bytes of something else before it; 0 for nothing. */
  gap: number;
  /** Members of the parent that are passed over before it. */
  skip: number;
  length: number;
  items: number;
  /** Whether the state directory has something else by now, of another length. */
  hasChanged: boolean;
  /** Whether it is not wanted any more when it is looked at. */
  isUnwanted: boolean;
  /** Whether something is to be done behind it. */
  action: boolean;
}

const next: fc.Arbitrary<Next> = fc.record({
  gap: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 1500 }) }),
  skip: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) }),
  length: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 700 }) },
    { weight: 1, arbitrary: fc.integer({ min: 900, max: 3500 }) },
  ),
  items: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constant(50_000) }),
  hasChanged: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  isUnwanted: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  action: fc.boolean(),
});

async function run(all: readonly Next[], refuseAt: number): Promise<CopyingSink> {
  const parent = noise(
    all.reduce((sum, { length, skip }) => sum + length + skip * 50, 77),
    1,
  );
  const sink = new CopyingSink(parent, refuseAt);
  const copies = InStoreCopies.between({} as RangeReader, sink, 3) as InStoreCopies;
  const expected: Uint8Array[] = [];
  const order: string[] = [];
  const put = (bytes: Uint8Array): void => {
    sink.write(bytes);
    expected.push(bytes);
  };
  put(noise(123, 2));
  let offset = 77;
  for (const [i, { gap, skip, length, items, hasChanged, isUnwanted, action }] of all.entries()) {
    if (gap > 0) {
      await copies.finish();
      put(noise(gap, i));
    }
    offset += skip * 50;
    const bytes = parent.subarray(offset, offset + length);
    const sha256 = hash('sha256', bytes);
    const remade = hasChanged ? noise(length + (i % 3), i + 1) : bytes;
    const candidate: CopyCandidate = {
      member: { offset, stored: length, raw: 0, sha256, pieceSha256: '' },
      items,
      isWanted: () => !isUnwanted,
      remake: async () => ({
        bytes: remade,
        sha256: hash('sha256', remade),
        put: async () => {
          order.push(`${i}`);
          await copies.finish();
          put(remade);
        },
      }),
      enter: async () => {
        expect(isUnwanted).toBe(false);
        order.push(`${i}`);
        expected.push(bytes);
      },
    };
    await copies.add(candidate);
    if (action) await copies.inOrder(async () => void order.push(`behind ${i}`));
    offset += length;
  }
  await copies.finish();
  expect(order).toEqual(all.flatMap(({ action }, i) => (action ? [`${i}`, `behind ${i}`] : [`${i}`])));
  expect(sink.bytes.equals(Buffer.concat(expected))).toBe(true);
  return sink;
}

const plain: Next = {
  ...{ gap: 0, skip: 0, length: 300, items: 1 },
  ...{ hasChanged: false, isUnwanted: false, action: false },
};

describe('copies inside the storage', () => {
  it('make the snapshot that writing would, whatever comes, changes and fails meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(next, { maxLength: 60 }), fc.integer({ min: 0, max: 12 }), async (all, refuseAt) => {
        await run(all, refuseAt);
      }),
      { numRuns: RUNS },
    );
  });

  it('take all but what lies in no whole part, several parts at a time', async () => {
    const { copied, copies } = await run(
      Array.from({ length: 100 }, () => plain),
      Number.POSITIVE_INFINITY,
    );
    expect(copied).toBe(29_000);
    expect(copies).toBe(8);
  });

  it('leave a part to be sent whose last member has changed', async () => {
    // Two parts, of which the second ends in the last member.
    const all = Array.from({ length: 10 }, (_, i) => ({ ...plain, hasChanged: i === 9 }));
    expect((await run(all, Number.POSITIVE_INFINITY)).copied).toBe(1000);
  });

  it('wait for no more than so many items', async () => {
    const all = Array.from({ length: 40 }, () => ({ ...plain, length: 10, items: 50_000 }));
    expect((await run(all, Number.POSITIVE_INFINITY)).copied).toBe(0);
  });
});
