import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifySnapshot } from 'oxios-backup';
import { expect, test } from 'vitest';
import { compareTrees, readTree } from '../../fixtures/compare-trees.ts';
import { buildSmallTree, noise } from '../damage/small-tree.ts';
import { TempDir } from '../workroom.ts';
import { act } from './faults.ts';

const room = new TempDir();
const SOURCE = fileURLToPath(new URL('./short-io.c', import.meta.url));

/** The library that makes reads and writes short; null where it cannot be built. */
function buildLibrary(): string | null {
  if (process.platform !== 'linux') return null;
  const library = room.path('short-io.so');
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'ignore' });
  return built.status === 0 ? library : null;
}

const library = buildLibrary();

test.skipIf(library === null)('reads and writes that are all short change nothing of what comes out', async () => {
  const state = room.path('state');
  buildSmallTree(state);
  fs.writeFileSync(join(state, 'large.bin'), noise(2_200_000, 1));
  fs.writeFileSync(join(state, 'log.jsonl'), '{"line":1}\n'.repeat(20_000));
  const below = { LD_PRELOAD: library as string, SHORT_IO_BELOW: room.root };
  const snapshot = room.path('snapshot.tar.gz');
  expect(await act(['create', state, snapshot], below)).toMatchObject({
    kind: 'done',
    complete: true,
    paths: [],
  });
  expect((await verifySnapshot({ snapshot })).problems).toEqual([]);
  const back = room.path('back');
  expect(await act(['restore', snapshot, back], below)).toMatchObject({ kind: 'done', complete: true });
  expect(compareTrees(readTree(state), readTree(back))).toEqual([]);
});
