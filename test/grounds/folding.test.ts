/** The suites once more where names fold as on APFS, have up to 255 characters, and a directory cannot be synced. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mountApfsLike } from '../file-systems/folding.ts';
import { type LimitedFileSystem, whyNotLimited } from '../file-systems/limited.ts';
import { COMPOSED, DECOMPOSED, LONGEST } from '../file-systems/long-names.ts';
import { buildPreloaded } from '../file-systems/preloaded.ts';
import { TempDir } from '../workroom.ts';
import { type Ground, runSuites, type Suites } from './run-suites.ts';

/** As macOS has it. */
const MOST_PATH_BYTES = 1023;

const room = new TempDir();
const skip = whyNotLimited();
let disk: LimitedFileSystem;
let ground: Ground;
let library: string | null = null;

beforeAll(async () => {
  if (skip !== null) return;
  disk = await mountApfsLike({ pathLimit: MOST_PATH_BYTES });
  const folder = join(disk.directory, 'tests');
  mkdirSync(folder);
  library = buildPreloaded('directory-fsync', room.root);
  const noDirectorySync =
    library === null ? {} : { LD_PRELOAD: library, DIRECTORY_FSYNC: String(constants.errno.EINVAL) };
  ground = { environment: { OXIOS_TEST_FOLDER: folder, ...noDirectorySync } };
});
afterAll(async () => {
  if (skip === null) await disk.unmount();
});

const SUITES: Record<string, Suites> = {
  'round trip': { files: ['restore/round-trip.test.ts'] },
  'merge, also against the model': {
    files: ['restore/merge.test.ts'],
    only: '(any tree|of a file with two names|what was made since|go with the database)',
  },
  // Of a merge, which looks up every name; a replace looks up its own few, and they are spelled in one way.
  'killed, or refused, at some calls': {
    files: ['state-dir/commit/crash.test.ts'],
    only: "by rename .*(killed at every call|every call fails once): 'merge'",
  },
  'malicious archives': {
    files: ['malicious/malicious.test.ts', 'malicious/valid.test.ts'],
    // What is about places; the rest never gets as far as a file system.
    only: '(link out|entry below|where a|twice|parent at the start|long name|composed)',
  },
  'swap, undo and recover': {
    files: ['state-dir/commit/commit.test.ts'],
    // Not what is about nanoseconds, another user (who may not enter the mount), and the syncs of directories that are refused here.
    only: '^(?!.*(nanosecond|may not write to the parent|order on disk)).*$',
  },
};

describe.skipIf(skip !== null)(`where names fold${skip === null ? '' : ` (skipped: ${skip})`}`, () => {
  test('the ground is as it should be', (context) => {
    const { OXIOS_TEST_FOLDER: folder = '' } = ground.environment;
    const deep = join(folder, ...['a', 'b', 'c'].map((letter) => letter.repeat(250)));
    mkdirSync(deep, { recursive: true });
    const longest = join(deep, 'x'.repeat(MOST_PATH_BYTES - 1 - Buffer.byteLength(deep)));
    writeFileSync(longest, '');
    expect(() => writeFileSync(`${longest}x`, '')).toThrow('ENAMETOOLONG');
    writeFileSync(join(folder, LONGEST), '');
    writeFileSync(join(folder, DECOMPOSED), '');
    expect(existsSync(join(folder, COMPOSED)) && existsSync(join(folder, 'A'.repeat(250)))).toBe(true);
    if (library === null) context.skip('no C compiler, so directories can be synced');
    const sync = ['-e', 'fs.fsyncSync(fs.openSync(process.argv[1]))', folder];
    const { stderr } = spawnSync(process.execPath, sync, { env: { ...process.env, ...ground.environment } });
    expect(stderr.toString()).toContain('EINVAL');
  });

  test('a living state', { timeout: 600_000 }, async ({ signal }) => {
    // Its writers sync directories, and mind if they cannot.
    const { OXIOS_TEST_FOLDER = '' } = ground.environment;
    const suites = { files: ['stress/living-state.test.ts'], only: 'hold, databases by' };
    expect(await runSuites(suites, { environment: { OXIOS_TEST_FOLDER } }, signal)).toBe(1);
  });

  test.for(Object.entries(SUITES))('%s', { timeout: 600_000 }, async ([, suites], { signal }) => {
    expect(await runSuites(suites, ground, signal)).toBeGreaterThan(0);
  });
});
