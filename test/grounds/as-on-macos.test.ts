/**
 * The suites of lock, running, swap, undo and recover once more as on macOS: an empty /proc, ps(1), lsof(8) and mount(8) that tell, open(2)
 * that locks, tools that know no GNU options, and every module takes this machine for a Mac.
 */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPreloaded } from '../file-systems/preloaded.ts';
import { noEmptyProc, withoutProc } from '../system/containers.ts';
import { TempDir } from '../workroom.ts';
import { type Ground, runSuites, type Suites } from './run-suites.ts';
import { makeToolsOfBsd } from './tools-of-bsd.ts';

const room = new TempDir();
const library = buildPreloaded('open-locks', room.root);
const hasLsof = spawnSync('lsof', ['-v']).status === 0;
const skip = noEmptyProc ?? (library === null ? 'no C compiler' : hasLsof ? null : 'no lsof');
let ground: Ground;

beforeAll(() => {
  const bin = room.fresh('bin');
  makeToolsOfBsd(bin, { seeProc: true });
  ground = {
    environment: {
      PATH: `${bin}:${process.env.PATH}`,
      LD_PRELOAD: library ?? '',
      OXIOS_TEST_PLATFORM: 'darwin',
    },
    wrap: withoutProc,
    config: 'as-on-macos.config.ts',
  };
});

const SUITES: Record<string, Suites> = {
  // Not the many in one process: a minute of ps(1), which shows nothing here that it does not show elsewhere.
  lock: { files: ['state-dir/lock/lock.test.ts'], only: '^(?!.*find a dead holder).*$' },
  // Not by /proc.
  running: {
    files: ['state-dir/lock/running.test.ts'],
    only: "^(?!.*(by /proc|as on 'linux')).*$",
  },
  'in use': { files: ['state-dir/lock/in-use.test.ts'] },
  // Not what is told to use chattr(1).
  obstacles: { files: ['state-dir/commit/obstacles.test.ts'], only: '^(?!.*(in nobody’s way)).*$' },
  // Not what reads /proc in strace, or compares nanoseconds, which touch(1) of macOS does not set.
  'swap, undo and recover': {
    files: ['state-dir/commit/commit.test.ts'],
    only: '^(?!.*(killed half-way|order on disk|nanosecond|may not write to the parent)).*$',
  },
};

describe.skipIf(skip !== null)(`as on macOS${skip === null ? '' : ` (skipped: ${skip})`}`, () => {
  test.for(Object.entries(SUITES))('%s', { timeout: 600_000 }, async ([, suites], { signal }) => {
    expect(await runSuites(suites, ground, signal)).toBeGreaterThan(2);
  });
});
