/** What runs that were killed left, and what runs that live still need: also in containers, where every run is process 1. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBackup, StateStore } from 'oxios-backup';
import { describe, expect, test } from 'vitest';
import type { BackupEvent } from '../../src/events.ts';
import { formatIdentity, ownIdentity, type ProcessIdentity } from '../../src/system/process-identity.ts';
import { inContainer, kill, noContainers, noEmptyProc, start, withoutProc } from '../system/containers.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const hasFlock = spawnSync('flock', ['--version']).status === 0;

function makeState(): { state: string; folder: string } {
  const [state, folder] = [room.fresh('state'), room.fresh('folder')];
  mkdirSync(join(state, 'sessions'), { recursive: true });
  writeFileSync(join(state, 'sessions/a.json'), '{}');
  mkdirSync(folder);
  return { state, folder };
}

const hidden = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('.'));

/** A `create` that stands still once it has put down its lock, its snapshot in the making and its scratch directory. */
const SLOW = `
  import { createBackup, StateStore } from ${JSON.stringify(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))};
  await createBackup(new StateStore(process.argv[2]), process.argv[3] + '/slow.tar.gz', {
    onEvent(event) {
      if (event.type !== 'phase' || event.phase !== 'capture') return;
      process.stdout.write('begun');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);
    },
  });
`;

function slowCreate(state: string, folder: string): string[] {
  const program = room.path('slow.mjs');
  writeFileSync(program, SLOW);
  return [process.execPath, program, state, folder];
}

function create(wrap: (argv: readonly string[]) => [string, ...string[]], state: string, output: string) {
  const [file, ...args] = wrap([process.execPath, MAIN, 'create', output, '--state-dir', state, '--json']);
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe.each([
  ['in containers', inContainer, noContainers],
  ['without /proc', withoutProc, noEmptyProc],
] as const)('%s', (_, wrap, skip) => {
  describe.skipIf(skip !== null || !hasFlock)(
    skip ?? (hasFlock ? 'by the lock that a run holds' : 'there is no flock'),
    () => {
      test('a killed run’s things go with the next one', async () => {
        const { state, folder } = makeState();
        const slow = await start(wrap(slowCreate(state, folder)));
        expect(hidden(folder)).toHaveLength(2);
        await kill(slow);
        expect(hidden(folder)).toHaveLength(2);
        const { status, stderr } = create(wrap, state, join(folder, 'next.tar.gz'));
        expect({ status, stderr }).toEqual({ status: 0, stderr: expect.anything() });
        expect(readdirSync(folder)).toEqual(['next.tar.gz']);
        expect(readdirSync(join(state, '..')).filter((name) => name.startsWith(`.${basename(state)}.`))).toEqual([]);
      });

      test('a living run keeps its own, and its lock', async () => {
        const { state, folder } = makeState();
        const slow = await start(wrap(slowCreate(state, folder)));
        const before = hidden(folder);
        const locked = create(wrap, state, join(folder, 'same.tar.gz'));
        expect({ status: locked.status, code: JSON.parse(locked.stdout).code }).toEqual({
          status: 1,
          code: 'STATE_DIR_LOCKED',
        });
        const other = makeState();
        expect(create(wrap, other.state, join(folder, 'other.tar.gz')).status).toBe(0);
        expect(hidden(folder)).toEqual(before);
        await kill(slow);
      });
    },
  );
});

test('what cannot be known stays for a day, then goes and is named', async () => {
  const { state, folder } = makeState();
  const owner: ProcessIdentity = { ...ownIdentity(), namespace: '4711', pid: 1 };
  const left = join(folder, `.oxios-backup-snapshot-${formatIdentity(owner)}-0123abcd.tmp`);
  writeFileSync(left, 'half');
  await createBackup(new StateStore(state), join(folder, 'a.tar.gz'));
  expect(hidden(folder)).toHaveLength(1);
  utimesSync(left, Date.now() / 1000 - 25 * 3600, Date.now() / 1000 - 25 * 3600);
  const said: BackupEvent[] = [];
  await createBackup(new StateStore(state), join(folder, 'b.tar.gz'), { onEvent: (event) => said.push(event) });
  expect(hidden(folder)).toEqual([]);
  expect(said).toContainEqual({
    type: 'notice',
    path: left,
    message:
      'was left by a run on another machine or in another container that gave no sign of life for a day; removed',
  });
  rmSync(folder, { recursive: true });
});
