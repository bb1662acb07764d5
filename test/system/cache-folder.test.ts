import { existsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../src/system/cache-folder.ts';

const home = tmpdir();

test('is where XDG says, if that is absolute; else in the home', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/caches', HOME: home })).toBe('/caches/oxios-backup');
  expect(cacheFolder({ XDG_CACHE_HOME: 'caches', HOME: home })).toBe(`${home}/.cache/oxios-backup`);
  expect(cacheFolder({ XDG_CACHE_HOME: '', HOME: home })).toBe(`${home}/.cache/oxios-backup`);
  expect(cacheFolder({})).toBe(`${homedir()}/.cache/oxios-backup`);
});

test('there is none without a home', () => {
  expect(cacheFolder({ HOME: '' })).toBeNull();
  expect(cacheFolder({ HOME: '/nonexistent' })).toBeNull();
  expect(existsSync('/nonexistent')).toBe(false);
});
