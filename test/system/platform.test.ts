import { expect, test } from 'vitest';
import { describePlatform } from '../../src/system/platform.ts';

test('platforms differ in the length of a path', () => {
  const longest = (os: NodeJS.Platform) => describePlatform(os, '6.1.0').maxPathBytes;
  expect([longest('linux'), longest('darwin'), longest('freebsd')]).toEqual([4095, 1023, 1023]);
  expect(describePlatform('linux', '5.4.0-200-generic').syncsFileSystems).toBe(false);
  expect(describePlatform('linux', '6.1.0').syncsFileSystems).toBe(true);
  expect(describePlatform('darwin', '24.1.0').syncsFileSystems).toBe(false);
});

test('each names what it has itself that distinguishes names', () => {
  const said = (os: NodeJS.Platform) => describePlatform(os, '6.1.0').distinguishesNames;
  expect(said('linux')).toContain('ext4');
  expect(said('darwin')).toMatch(/APFS \(Case-sensitive\)/);
  expect(said('freebsd')).not.toMatch(/ext4|APFS/);
});
