import { expect, test } from 'vitest';
import { describePlatform } from '../src/system/platform.ts';
import { fromSystemError } from '../src/system-errors.ts';

const refused = (code: string) => Object.assign(new Error(`${code}: no, scandir '/s'`), { code, syscall: 'scandir' });
const hintOn = (os: NodeJS.Platform, code: string) =>
  fromSystemError(refused(code), 'read it', '/s', describePlatform(os, '24.1.0')).hint;

test('what macOS keeps from a program is not mended by another owner', () => {
  expect(hintOn('darwin', 'EPERM')).toContain('Full Disk Access');
  expect(hintOn('darwin', 'EPERM')).not.toContain('owner');
  // Where rights are missing it says so there too.
  expect(hintOn('darwin', 'EACCES')).toContain('owner');
  expect(hintOn('linux', 'EPERM')).toContain('owner');
});
