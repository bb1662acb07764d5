/** A restore at work is "locked", wherever it runs; only one that is dead "needs recovery". Also where /proc tells nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBackup, StateStore } from 'oxios-backup';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assertRecovered, needsRecovery } from '../../../src/state-dir/recover/needs-recovery.ts';
import { injecting } from '../../strace.ts';
import { inContainer, kill, noContainers, noEmptyProc, start, withoutProc } from '../../system/containers.ts';
import { TEST_FOLDER } from '../../test-folder.ts';
import { ACTOR } from '../actor-program.ts';
import { fillOld } from '../new-tree.ts';
import { callsOf, hasStrace } from '../traced.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const hasFlock = spawnSync('flock', ['--version']).status === 0;
type Wrap = (argv: readonly string[]) => [string, ...string[]];

let root: string;
let dir: string;

beforeEach(() => {
  root = mkdtempSync(join(TEST_FOLDER, 'oxios-elsewhere-'));
  dir = join(root, 'workspace');
  mkdirSync(dir);
  fillOld(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

function run(wrap: Wrap, args: string[]): { ok: boolean; code?: string; result?: { outcome?: string } } {
  const [file, ...rest] = wrap([process.execPath, ACTOR, ...args]);
  return JSON.parse(spawnSync(file, rest, { encoding: 'utf8' }).stdout);
}

/** Kills a replace between its two renames, in a container or without /proc. */
async function interrupt(wrap: Wrap): Promise<void> {
  const other = join(root, 'other');
  mkdirSync(other);
  fillOld(other);
  const { calls } = await callsOf(['rename'], root, ['commit', other, 'replace']);
  // By its number among all renames, those of the lock too.
  const n = calls.findLast(({ text }) => text.includes('.staging-'))?.n;
  const options = ['-f', ...injecting(`rename:signal=KILL:when=${n}`)];
  const [file, ...rest] = wrap(['strace', ...options, process.execPath, ACTOR, 'commit', dir, 'replace']);
  spawnSync(file, rest);
  expect(existsSync(dir)).toBe(false);
}

const plain: Wrap = ([file = '', ...args]) => [file, ...args];

describe.each([
  ['in containers', inContainer, noContainers],
  ['without /proc', withoutProc, noEmptyProc],
] as const)('%s', (_, wrap, skip) => {
  describe.skipIf(skip !== null || !hasFlock)(
    skip ?? (hasFlock ? 'by the lock that a run holds' : 'there is no flock'),
    () => {
      test('a holder that lives is believed, a dead one is not', async () => {
        const holder = await start(wrap([process.execPath, ACTOR, 'hold', dir]));
        for (const verb of ['undo', 'recover', 'discard']) {
          expect(run(wrap, [verb, dir])).toMatchObject({ ok: false, code: 'STATE_DIR_LOCKED' });
        }
        expect(run(plain, ['commit', dir, 'replace'])).toMatchObject({ ok: false, code: 'STATE_DIR_LOCKED' });
        await kill(holder);
        expect(readdirSync(root).filter((name) => name.includes('.lock-'))).toHaveLength(1);
        expect(run(wrap, ['commit', dir, 'replace'])).toMatchObject({ ok: true });
        expect(run(wrap, ['undo', dir])).toMatchObject({ ok: true });
        expect(run(wrap, ['discard', dir])).toMatchObject({ ok: true });
        expect(readdirSync(root)).toEqual(['workspace']);
      });

      test('one whose unfinished lock a holder removes each time is told that there is a holder', () => {
        const bin = join(root, 'bin');
        mkdirSync(bin);
        const clearing = `#!/bin/sh\nrm ${root}/.workspace.*.tmp\nexec /usr/bin/flock "$@"\n`;
        writeFileSync(join(bin, 'flock'), clearing, { mode: 0o755 });
        const [file, ...args] = wrap([process.execPath, ACTOR, 'commit', dir, 'replace']);
        const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
        const said = JSON.parse(spawnSync(file, args, { encoding: 'utf8', env }).stdout);
        expect(said).toEqual({
          ok: false,
          code: 'STATE_DIR_LOCKED',
          message: 'the state directory is in use by another process',
        });
        expect(readdirSync(root).sort()).toEqual(['bin', 'workspace']);
      });

      test.skipIf(!hasStrace)('what a dead one left half done needs recovery, and gets it', async () => {
        await interrupt(wrap);
        expect(run(wrap, ['commit', dir, 'replace'])).toMatchObject({ ok: false, code: 'NEEDS_RECOVERY' });
        expect(run(wrap, ['recover', dir])).toMatchObject({ ok: true, result: { outcome: 'finished' } });
        expect(readFileSync(join(dir, 'memory.db'), 'utf8')).toContain('new database');
      });

      test.skipIf(!hasStrace)('while a living one holds the lock, nothing needs recovery', async () => {
        await interrupt(wrap);
        const holder = await start(wrap([process.execPath, ACTOR, 'hold', dir]));
        expect(await needsRecovery(dir)).toBeNull();
        await expect(assertRecovered(dir, null)).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
        const output = join(root, 'a.tar.gz');
        await expect(createBackup(new StateStore(dir), output)).rejects.toMatchObject({ code: 'STATE_DIR_LOCKED' });
        const [file, ...args] = wrap([process.execPath, MAIN, 'create', output, '--state-dir', dir]);
        expect(spawnSync(file, args).status).toBe(1);
        await kill(holder);
        await expect(createBackup(new StateStore(dir), output)).rejects.toMatchObject({ code: 'NEEDS_RECOVERY' });
      });
    },
  );
});
