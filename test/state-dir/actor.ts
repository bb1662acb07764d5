// One operation on a state directory in a process of its own, to be traced, failed and killed from outside.
// node actor.mjs commit <dir> <create|replace|merge> | undo <dir> | discard <dir> | recover <dir> | hold <dir>
import type { BackupError } from '../../src/errors.ts';
import { commit, type RestoreMode } from '../../src/state-dir/commit/commit-tree.ts';
import { acquireStateLock } from '../../src/state-dir/lock/lock.ts';
import { recoverStateDir } from '../../src/state-dir/recover/recover.ts';
import { openStaging } from '../../src/state-dir/staging/staging.ts';
import { discardUndo } from '../../src/state-dir/undo/discard.ts';
import { undoRestore } from '../../src/state-dir/undo/undo.ts';
import { fillBrought, fillNew, NEW_TOP } from './new-tree.ts';

async function commitNew(dir: string, mode: RestoreMode) {
  const lock = await acquireStateLock(dir, 'restore', { makeParents: true });
  try {
    const staging = await openStaging(lock);
    try {
      if (mode === 'merge') fillBrought(staging.tree);
      else fillNew(staging.tree);
      return await commit(staging, { mode, top: NEW_TOP });
    } finally {
      await staging.discard();
    }
  } finally {
    await lock.release();
  }
}

async function hold(dir: string) {
  await acquireStateLock(dir, 'hold');
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

const [verb, dir, mode] = process.argv.slice(2) as [string, string, RestoreMode];
const acts: Record<string, () => Promise<unknown>> = {
  commit: () => commitNew(dir, mode),
  undo: () => undoRestore({ stateDir: dir }),
  discard: () => discardUndo({ stateDir: dir }),
  recover: () => recoverStateDir({ stateDir: dir }),
  hold: () => hold(dir),
};
try {
  process.stdout.write(`${JSON.stringify({ ok: true, result: await acts[verb]?.() })}\n`);
} catch (caught) {
  const error = caught as BackupError;
  const filling = /at fill(?:New|Brought)/.test(error.stack ?? '') ? 'FILLING' : `UNEXPECTED ${error.stack}`;
  const code = error.name === 'BackupError' ? error.code : filling;
  process.stdout.write(`${JSON.stringify({ ok: false, code, message: error.message })}\n`);
  process.exitCode = 1;
}
