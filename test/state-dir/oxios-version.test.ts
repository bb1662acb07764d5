import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findOxiosVersion } from '../../src/state-dir/oxios-version.ts';
import { temporaryFolder } from '../capture/collect.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function oxiosThatSays(script: string): NodeJS.ProcessEnv {
  const program = join(folder.path, 'oxios');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return { PATH: `${folder.path}:/usr/bin:/bin` };
}

test('the option comes first, then the environment, then the program', async () => {
  const environment = { ...oxiosThatSays('echo "oxios 0.3.1"'), OXIOS_VERSION: '0.2.0' };
  expect(await findOxiosVersion('0.1.0', environment)).toBe('0.1.0');
  expect(await findOxiosVersion(undefined, environment)).toBe('0.2.0');
  expect(await findOxiosVersion(undefined, { ...environment, OXIOS_VERSION: '' })).toBe('0.3.1');
});

test.each([
  ['echo "oxios v1.2.3-rc.1+build.5 (abc)"', '1.2.3-rc.1+build.5'],
  ['echo "no version here 1.2"', 'unknown'],
  ['echo "oxios 1.2.3"; exit 3', 'unknown'],
])('an oxios that does `%s` has the version %s', async (script, version) => {
  expect(await findOxiosVersion(undefined, oxiosThatSays(script))).toBe(version);
});

test('no oxios at all is an unknown version', async () => {
  expect(await findOxiosVersion(undefined, { PATH: folder.path })).toBe('unknown');
});
