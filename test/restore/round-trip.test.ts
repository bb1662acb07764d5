import fs from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { createBackup, restoreBackup, StateStore, verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { expectInvalid, expectRefused } from '../damage/refusal.ts';
import { noise } from '../damage/small-tree.ts';
import { DECOMPOSED, LONGEST } from '../file-systems/long-names.ts';
import { ON_OTHER_GROUND } from '../test-folder.ts';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

/** Something put into a tree; it does nothing where it cannot be. */
type Step =
  | { make: 'file'; path: string[]; size: number; seed: number; mode: number; time: number }
  | { make: 'directory'; path: string[]; mode: number; time: number }
  | { make: 'symlink'; path: string[]; to: string[] }
  | { make: 'hardlink'; path: string[]; from: number };

const KINDS = [
  'a',
  'b',
  'memory',
  'facts',
  'seeds',
  'a.json',
  'b.md',
  'A',
  'é',
  'e\u0301',
  '東',
  '\u{1f331}',
  '\ud7ff',
  '\uffee',
  ' ',
  '\n',
  'a b',
  'x'.repeat(120),
  'ü'.repeat(120),
  ...(ON_OTHER_GROUND ? [LONGEST, DECOMPOSED] : []),
];
/** On other ground: leaves room in a path of 1,023 bytes for where it is, and where it is staged. */
const MOST_BYTES = ON_OTHER_GROUND ? 800 : Number.POSITIVE_INFINITY;
const component = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KINDS) },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..' && name.isWellFormed()),
  },
);
const path = fc
  .array(component, { minLength: 1, maxLength: 4 })
  .filter((names) => Buffer.byteLength(names.join('/')) <= MOST_BYTES);
const MIB = 2 ** 20;
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3000) },
  { weight: 2, arbitrary: fc.constantFrom(0, 511, 512, 513, 1024) },
  { weight: 1, arbitrary: fc.constantFrom(MIB - 513, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 5) },
);
const time = fc.oneof(fc.integer({ min: -1e9, max: 4e9 }), fc.double({ min: 0, max: 2e9, noNaN: true }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ make: fc.constant('file' as const), path, size, seed: fc.nat(99), mode: fc.nat(0o1777), time }),
  fc.record({ make: fc.constant('directory' as const), path, mode: fc.nat(0o777).map((mode) => mode | 0o500), time }),
  fc.record({ make: fc.constant('symlink' as const), path, to: path }),
  fc.record({ make: fc.constant('hardlink' as const), path, from: fc.nat(50) }),
);
const tree = fc.array(step, { maxLength: 25 });

function build(root: string, steps: readonly Step[]): void {
  fs.mkdirSync(root);
  const files: string[] = [];
  const settle: (() => void)[] = [];
  for (const each of steps) {
    const absolute = join(root, ...each.path);
    try {
      fs.mkdirSync(dirname(absolute), { recursive: true });
      switch (each.make) {
        case 'file':
          fs.writeFileSync(absolute, noise(each.size, each.seed), { flag: 'wx' });
          files.push(absolute);
          settle.push(() => {
            fs.chmodSync(absolute, each.mode);
            fs.utimesSync(absolute, each.time, each.time);
          });
          break;
        case 'directory':
          fs.mkdirSync(absolute);
          settle.push(() => {
            fs.chmodSync(absolute, each.mode);
            fs.utimesSync(absolute, each.time, each.time);
          });
          break;
        case 'symlink':
          fs.symlinkSync(each.to.join('/'), absolute);
          break;
        case 'hardlink':
          if (files.length > 0) fs.linkSync(files[each.from % files.length] as string, absolute);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!['EEXIST', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENOENT'].includes(code ?? '')) throw error;
    }
  }
  for (const act of settle.reverse()) act();
}

const runs = (long: number, short: number): { numRuns: number; endOnFailure: boolean } => ({
  numRuns: TORTURE ? long : ON_OTHER_GROUND ? Math.ceil(short / 5) : short,
  endOnFailure: !TORTURE,
});

test('restore(create(tree)) = tree', async (context) => {
  const counter = new CaseCounter(context, 'random trees: restore(create(tree)) = tree');
  await fc.assert(
    fc.asyncProperty(tree, fc.constantFrom(1, 2), async (steps, threads) => {
      const folder = room.fresh('trip');
      fs.mkdirSync(folder);
      const root = join(folder, 'root');
      build(root, steps);
      await counter.case(JSON.stringify(steps), async () => {
        const output = join(folder, 'snapshot');
        const made = await createBackup(new StateStore(root), output, { threads, allowEmpty: true });
        expect(made.statuses).toEqual([]);
        expect((await verifySnapshot({ snapshot: output, threads })).problems).toEqual([]);
        const back = join(folder, 'back');
        await restoreBackup(new StateStore(back), output, { threads, allowEmpty: true, externalLinks: 'keep' });
        expect(compareTrees(readTree(root), readTree(back))).toEqual([]);
      });
      fs.rmSync(folder, { recursive: true });
    }),
    runs(400, 25),
  );
  counter.finish();
});

test('random cuts and byte flips of random trees: verify and restore refuse', async (context) => {
  const counter = new CaseCounter(context, 'random trees, cut or with a byte changed: verify and restore refuse');
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.boolean(),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(7),
      async (steps, cut, where, bit) => {
        const folder = room.fresh('damage');
        fs.mkdirSync(folder);
        const root = join(folder, 'root');
        build(root, steps);
        const output = join(folder, 'snapshot');
        await createBackup(new StateStore(root), output, { threads: 1, allowEmpty: true });
        const bytes = fs.readFileSync(output);
        const at = Math.floor(where * bytes.length);
        // A whole byte: of single bits a few mean nothing, as test/damage shows.
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ (0xff >> (bit & 3));
        fs.writeFileSync(output, cut ? bytes.subarray(0, at) : changed);
        await counter.case(`${cut ? 'cut' : 'changed'} at ${at} of ${JSON.stringify(steps)}`, async () => {
          await expectInvalid(output);
          await expectRefused(output, join(folder, 'target'));
        });
        fs.rmSync(folder, { recursive: true });
      },
    ),
    runs(400, 12),
  );
  counter.finish();
});
