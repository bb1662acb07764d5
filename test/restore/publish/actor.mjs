// One operation on a state directory in a process of its own, to be traced, failed and killed from outside.
// node actor.mjs publish <dir> <create|replace|merge> | undo <dir> | discard <dir> | recover <dir> | hold <dir>
import { fillNew, NEW_TOP } from './new-tree.mjs';

const dist = new URL('../../../dist/restore/publish/', import.meta.url);
const load = (name) => import(new URL(name, dist).href);
const [{ acquireStateLock }, { openStaging }, { publish }, { undoRestore, discardUndo }, { recoverStateDir }] =
  await Promise.all(['lock.js', 'staging.js', 'publish.js', 'undo.js', 'recover.js'].map(load));

async function publishNew(dir, mode) {
  const lock = await acquireStateLock(dir, 'restore', { makeParents: true });
  try {
    const staging = await openStaging(lock);
    try {
      fillNew(staging.tree);
      return await publish(staging, { mode, top: NEW_TOP });
    } finally {
      await staging.discard();
    }
  } finally {
    await lock.release();
  }
}

async function hold(dir) {
  await acquireStateLock(dir, 'hold');
  process.stdout.write('held\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

const [verb, dir, mode] = process.argv.slice(2);
const acts = {
  publish: () => publishNew(dir, mode),
  undo: () => undoRestore(dir),
  discard: () => discardUndo(dir),
  recover: () => recoverStateDir(dir),
  hold: () => hold(dir),
};
try {
  process.stdout.write(`${JSON.stringify({ ok: true, result: await acts[verb]() })}\n`);
} catch (error) {
  const filling = error.stack.includes('fillNew') ? 'FILLING' : `UNEXPECTED ${error.stack}`;
  const code = error.name === 'BackupError' ? error.code : filling;
  process.stdout.write(`${JSON.stringify({ ok: false, code, message: error.message })}\n`);
  process.exitCode = 1;
}
