/** The suites of lock, swap, undo and recover once more with an empty /proc, and with tools that know no GNU options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noEmptyProc, withoutProc } from '../system/containers.ts';
import { TempDir } from '../workroom.ts';
import { runSuites, type Suites } from './run-suites.ts';

const room = new TempDir();

/** As those of BSD: what they do not know they refuse. */
const TOOLS: Record<string, string> = {
  touch: `for word; do case $word in --*) echo "touch: illegal option -- -" >&2; exit 1;; esac; done; exec /usr/bin/touch "$@"`,
  sync: '[ $# -eq 0 ] || { echo "usage: sync" >&2; exit 1; }; exec /usr/bin/sync',
  ps: `for word; do case $word in --*) echo "ps: illegal option -- -" >&2; exit 1;; esac; done; exec /usr/bin/ps "$@"`,
  tar: 'exec bsdtar "$@"',
};

function toolsOfBsd(): string {
  const bin = room.fresh('bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(TOOLS))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return bin;
}

const SUITES: Record<string, Suites> = {
  // Not what tells one process from a later one with its number: nothing does here, so the first is believed.
  lock: {
    files: ['state-dir/lock/lock.test.ts'],
    only: '^(?!.*(number of a dead holder|started anew|find a dead holder)).*$',
  },
  // Not what unmounts the state directory itself by the table in /proc.
  'mounts and immutable files': {
    files: ['state-dir/commit/obstacles.test.ts'],
    only: '^(?!.*(before any is moved)).*$',
  },
  // Not what unmounts by the table in /proc, reads it in strace, or is about nanoseconds.
  'swap, undo and recover': {
    files: ['state-dir/commit/commit.test.ts'],
    only: '^(?!.*(at a mount point|order on disk|nanosecond)).*$',
  },
};

describe.skipIf(noEmptyProc !== null)(
  `without /proc${noEmptyProc === null ? '' : ` (skipped: ${noEmptyProc})`}`,
  () => {
    test.each(Object.entries(SUITES))('%s', { timeout: 600_000 }, async (_name, suites) => {
      const environment = { PATH: `${toolsOfBsd()}:${process.env.PATH}` };
      expect(await runSuites(suites, { environment, wrap: withoutProc })).toBeGreaterThan(5);
    });
  },
);
