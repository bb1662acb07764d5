import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { checkRoundTrip } from './check-round-trip.ts';
import { growTree } from './grow-tree.ts';

const room = new TempDir();
const WRITERS = fileURLToPath(new URL('./writers.py', import.meta.url));
const CHECK = fileURLToPath(new URL('./check-living.py', import.meta.url));

test('beside writers, what rests comes back, and of what is written to, only what was there', {
  timeout: 0,
}, async (context) => {
  const counter = new CaseCounter(context, 'field trees beside writers: every file is a state that it had');
  for (let seed = 0; seed < (TORTURE ? 200 : 3); seed++) {
    const folder = room.fresh('field');
    mkdirSync(folder);
    const tree = growTree(join(folder, 'state'), join(folder, 'outside'), seed);
    const living = tree.absolute('living');
    mkdirSync(living);
    const writers = spawn('python3', [WRITERS, living], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    try {
      await once(writers.stdout, 'data');
      await counter.case(`seed ${seed}`, () => {
        const faults = checkRoundTrip(tree, join(folder, 'snapshot.tar.gz'), join(folder, 'restored'), {
          folder: 'living',
          check: checkLiving,
        });
        expect(faults, tree.story.join('\n')).toEqual([]);
      });
    } finally {
      // With the git that it may have started.
      process.kill(-(writers.pid as number), 'SIGKILL');
      await once(writers, 'exit');
      tree.cleanUp();
    }
    rmSync(folder, { recursive: true, force: true });
  }
  counter.finish();
});

function checkLiving(absolute: string, named: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync('python3', [CHECK, absolute, ...named], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as string[]) : [stderr];
}
