import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { checkRoundTrip } from './check-round-trip.ts';
import { growTree } from './grow-tree.ts';

const room = new TempDir();

/** A seed to begin with and how many: `OXIOS_FIELD_SEEDS=4711,1` looks at one again. */
const [FIRST = 0, COUNT = TORTURE ? 2000 : 24] = (process.env.OXIOS_FIELD_SEEDS ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number);

test('what state directories really hold comes back, or is named', { timeout: 0 }, async (context) => {
  const counter = new CaseCounter(context, 'field trees: restore(create(tree)) = tree');
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const folder = room.fresh('field');
    mkdirSync(folder);
    const tree = growTree(join(folder, 'state'), join(folder, 'outside'), seed);
    try {
      await counter.case(`seed ${seed}`, () => {
        const faults = checkRoundTrip(tree, join(folder, 'snapshot.tar.gz'), join(folder, 'restored'));
        expect(faults, tree.story.join('\n')).toEqual([]);
      });
    } finally {
      tree.cleanUp();
    }
    rmSync(folder, { recursive: true, force: true });
  }
  counter.finish();
});
