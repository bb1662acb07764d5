import { expect, it } from 'vitest';
import { permissions } from '../../../src/cli/text/entry-text.ts';

it.each([
  [0o644, 'rw-r--r--'],
  [0o755, 'rwxr-xr-x'],
  [0o000, '---------'],
  [0o1777, 'rwxrwxrwt'],
  [0o1776, 'rwxrwxrwT'],
  [0o4755, 'rwsr-xr-x'],
  [0o2644, 'rw-r-Sr--'],
])('%o is %s, as ls shows it', (mode, text) => {
  expect(permissions(mode)).toBe(text);
});
