/** The suites of lock, swap, undo and recover once more with an empty /proc, and with tools that know no GNU options. */
import { describe, expect, test } from 'vitest';
import { noEmptyProc, withoutProc } from '../system/containers.ts';
import { TempDir } from '../workroom.ts';
import { runSuites, type Suites } from './run-suites.ts';
import { makeToolsOfBsd } from './tools-of-bsd.ts';

const room = new TempDir();

const SUITES: Record<string, Suites> = {
  // Not what tells one process from a later one with its number: nothing does here, so the first is believed.
  lock: {
    files: ['state-dir/lock/lock.test.ts'],
    only: '^(?!.*(number of a dead holder|started anew|find a dead holder)).*$',
  },
  // strace tells calls on descriptors by /proc, so only those on paths.
  'killed at some calls': {
    files: ['state-dir/commit/crash.test.ts'],
    only: "by rename .*killed at every call: '(replace|merge|undo)'",
  },
  'locked from elsewhere': { files: ['state-dir/lock/elsewhere-alive.test.ts'] },
  'mounts and immutable files': { files: ['state-dir/commit/obstacles.test.ts'] },
  // Not what reads /proc in strace, or is about nanoseconds.
  'swap, undo and recover': {
    files: ['state-dir/commit/commit.test.ts'],
    only: '^(?!.*(killed half-way|order on disk|nanosecond)).*$',
  },
};

describe.skipIf(noEmptyProc !== null)(
  `without /proc${noEmptyProc === null ? '' : ` (skipped: ${noEmptyProc})`}`,
  () => {
    test.for(Object.entries(SUITES))('%s', { timeout: 600_000 }, async ([, suites], { signal }) => {
      const bin = room.fresh('bin');
      makeToolsOfBsd(bin, { seeProc: false });
      const environment = { PATH: `${bin}:${process.env.PATH}` };
      expect(await runSuites(suites, { environment, wrap: withoutProc }, signal)).toBeGreaterThan(4);
    });
  },
);
