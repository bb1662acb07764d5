import { createWriteStream, rmSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import {
  type CreateResult,
  createBackup,
  isIncomplete,
  type RestoreResult,
  restoreBackup,
  StateStore,
  verifySnapshot,
} from 'oxios-backup';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ON_OTHER_GROUND } from '../test-folder.ts';
import { CaseCounter, TORTURE } from '../torture/case-counter.ts';
import { TempDir } from '../workroom.ts';
import { checkStatuses } from './check-statuses.ts';
import { checkTree } from './check-tree.ts';
import { LivingState } from './living-state.ts';
import { type Resources, resources } from './resources.ts';
import { type SqlitePath, sqlitePaths } from './sqlite-paths.ts';

const SNAPSHOTS = TORTURE ? 50 : ON_OTHER_GROUND ? 1 : 3;
const SNAPSHOTS_THROUGH_PIPE = TORTURE ? 50 : 2;
/** Snapshots after which everything is there that is kept for the next one. */
const WARM = 1;
const MEMORY_SLACK = 16 * 1024 * 1024;

const room = new TempDir();
let live: LivingState;
beforeEach(async () => {
  live = await LivingState.start(room.fresh('state'));
});
afterEach(async () => {
  await live?.stop();
  rmSync(live.root, { recursive: true, force: true });
});

/** Makes a snapshot of the living state; may restore it already, too. */
type Take = (file: string, target: string) => Promise<{ created: CreateResult; restored?: RestoreResult }>;

function intoFile(sqlite: SqlitePath): Take {
  return async (file) => ({ created: await createBackup(new StateStore(live.root), file, { sqlite }) });
}

/** Restores while the snapshot is being made, from the other end of a pipe. */
const throughPipe: Take = async (file, target) => {
  const kept = createWriteStream(file);
  const pipe = new PassThrough();
  pipe.on('data', (chunk) => kept.write(chunk));
  const restoring = restoreBackup(new StateStore(target), pipe.pipe(new PassThrough()));
  restoring.catch((error) => pipe.destroy(error));
  const created = await createBackup(new StateStore(live.root), pipe);
  pipe.end();
  const restored = await restoring;
  await finished(kept.end());
  return { created, restored };
};

/** Of a log that was captured while it grew. The last attempt may be the first that shows that it is one. */
function isWholeLines({ status, detail }: { status: string; detail: string }): boolean {
  return status === 'truncated' && !detail.endsWith('to the middle of a line');
}

/** Everything writes while the snapshot is made, and nothing while it is validated: the load is for the snapshot. */
async function snapshot(take: Take, locks: boolean): Promise<void> {
  const file = room.fresh('snapshot');
  const target = room.fresh('restored');
  const witness = live.witness();
  try {
    const { created, restored: already } = await take(file, target);
    await live.settle(witness);
    live.pause();
    const verified = await verifySnapshot({ snapshot: file });
    const restored = already ?? (await restoreBackup(new StateStore(target), file));
    const incomplete = new Set(created.statuses.filter(({ status }) => isIncomplete(status)).map(({ path }) => path));
    const trimmed = new Set(created.statuses.filter(isWholeLines).map(({ path }) => path));
    const broken = await checkTree({ root: target, manifest: created.manifest, live, witness, incomplete, trimmed });
    const all = [...checkStatuses({ created, verified, restored }, locks), ...broken];
    expect(all, all.join('; ')).toEqual([]);
  } finally {
    live.resume();
    rmSync(file, { force: true });
    rmSync(target, { recursive: true, force: true });
  }
}

async function snapshots(number: number, counter: CaseCounter, take: Take, locks: boolean): Promise<void> {
  let warm: Resources | undefined;
  for (let i = 1; i <= number; i++) {
    await counter.case(`snapshot ${i}`, () => snapshot(take, locks));
    if (i === WARM) warm = await resources();
  }
  counter.finish();
  expect(live.starved()).toEqual([]);
  const { descriptors, threads, memory } = await resources();
  expect({ descriptors, threads }).toEqual({ descriptors: warm?.descriptors, threads: warm?.threads });
  expect(memory).toBeLessThan((warm?.memory ?? 0) + MEMORY_SLACK);
}

const TIMEOUT_MS = ON_OTHER_GROUND ? 300_000 : SNAPSHOTS * 30_000;

// On other ground the first is enough, and takes its time.
for (const sqlite of (await sqlitePaths()).slice(0, ON_OTHER_GROUND ? 1 : undefined)) {
  test(`snapshots of a living state hold, databases by ${sqlite}`, { timeout: TIMEOUT_MS }, async (context) => {
    const counter = new CaseCounter(context, `a snapshot of a living state, databases by ${sqlite}`);
    await snapshots(SNAPSHOTS, counter, intoFile(sqlite), sqlite !== 'raw-copy');
  });
}

test('snapshots through a pipe hold', { timeout: TIMEOUT_MS }, async (context) => {
  const counter = new CaseCounter(context, 'a snapshot of a living state, through a pipe');
  await snapshots(SNAPSHOTS_THROUGH_PIPE, counter, throughPipe, (await sqlitePaths()).length > 1);
});
