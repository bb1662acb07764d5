import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../src/system/cache-folder.ts';

test('is where XDG says, if that is absolute; else in the home', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/caches', HOME: '/home/me' })).toBe('/caches/oxios-backup');
  expect(cacheFolder({ XDG_CACHE_HOME: 'caches', HOME: '/home/me' })).toBe('/home/me/.cache/oxios-backup');
  expect(cacheFolder({ XDG_CACHE_HOME: '', HOME: '/home/me' })).toBe('/home/me/.cache/oxios-backup');
  expect(cacheFolder({})).toBe(`${homedir()}/.cache/oxios-backup`);
});

test('there is none without a home', () => {
  expect(cacheFolder({ HOME: '' })).toBeNull();
});
