import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT, staleFiles } from '../../docs/build/made-files.ts';

test('what is made from the sources is current (else: npm run docs)', async () => {
  expect((await staleFiles()).map(({ path }) => path)).toEqual([]);
});

const hasGroff = spawnSync('groff', ['--version'], { stdio: 'ignore' }).status === 0;

test.skipIf(!hasGroff)('the page of man has nothing that roff complains about', () => {
  const page = join(PROJECT, 'docs/oxios-backup.1');
  const { status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-wall', page], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
