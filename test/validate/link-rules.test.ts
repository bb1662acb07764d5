import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isExternal, SymlinkIndex } from '../../src/validate/link-rules.ts';
import { TempDir } from '../workroom.ts';

const room = new TempDir();

const validator = (links: Record<string, string>) => {
  const index = new SymlinkIndex(Object.entries(links));
  return Object.entries(links).flatMap(([path, target]) => (isExternal(path, target, index, 'linux') ? path : []));
};

test('links that stay inside', () => {
  expect(
    validator({
      a: 'b',
      'd/e': '../a',
      'd/f': '..',
      'd/g/h': '../../d/./g//x',
      self: 'self',
      round: 'round/about',
      'p/q': '../nowhere/at/all',
      empty: '.',
    }),
  ).toEqual([]);
});

test('links that leave, directly or through others', () => {
  expect(validator({ a: '/etc', b: '..', 'c/d': '../../x', e: 'x/../../y' })).toEqual(['a', 'b', 'c/d', 'e']);
  expect(validator({ up: 'deep/down', 'deep/down': '..', out: 'deep/down/..' })).toEqual(['out']);
  // Up from where the link leads, not from where it stands.
  expect(validator({ 'a/b': '..', 'a/c': 'b/..' })).toEqual(['a/c']);
  expect(validator({ one: 'two', two: 'three', three: '/' })).toEqual(['one', 'two', 'three']);
  expect(validator({ dir: 'real', 'real/x': '../../out', via: 'dir/x' })).toEqual(['real/x', 'via']);
});

test.each<[string, Record<string, string>, string[]]>([
  ['upper case', { 'sub/deep/up': '../..', x: 'SUB/DEEP/UP/../outside' }, ['x']],
  ['a decomposed letter', { 'caf\u00e9/up': '..', x: 'cafe\u0301/up/../outside' }, ['x']],
  ['a composed letter', { 'cafe\u0301/up': '..', x: 'caf\u00e9/up/../outside' }, ['x']],
  ['a letter that is two in upper case', { 'straße/up': '..', x: 'STRASSE/UP/../outside' }, ['x']],
  ['a character that HFS+ does not see', { 'sub/up': '..', x: 'su\u200cb/up/../outside' }, ['x']],
  ['through another', { 'sub/up': '..', y: 'SUB', x: 'Y/Up/../outside' }, ['x']],
  [
    'by one of two that fold to the same',
    { 'sub/a': '.', 'sub/A': '..', x: 'sub/a/../../outside', z: 'sub/A/..' },
    ['x', 'z'],
  ],
  ['none: folded links that stay inside', { 'sub/deep/up': '../..', x: 'SUB/DEEP/UP/inside' }, []],
])('links that leave where names fold: %s', (_name, links, leaving) => {
  expect(validator(links)).toEqual(leaving);
});

test('what is said to stay inside does, by the validation of the system', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const place = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const target = fc
    .array(fc.constantFrom('a', 'b', 'c', '..', '.', ''), { minLength: 1, maxLength: 5 })
    .map((names) => names.join('/') || '.');
  fc.assert(
    fc.property(fc.array(fc.tuple(place, target), { minLength: 1, maxLength: 6 }), (drawn) => {
      // The state directory lies three levels below a root of its own, so that what leaves it is still somewhere.
      const outer = room.fresh('outer');
      const root = join(outer, 'x/y/state');
      fs.mkdirSync(root, { recursive: true });
      const links = new Map<string, string>();
      for (const [path, to] of drawn) {
        const parents = path
          .split('/')
          .slice(0, -1)
          .map((_, i, all) => all.slice(0, i + 1).join('/'));
        if (parents.some((parent) => links.has(parent)) || fs.existsSync(join(root, path)) || links.has(path)) continue;
        fs.mkdirSync(join(root, path, '..'), { recursive: true });
        fs.symlinkSync(to, join(root, path));
        links.set(path, to);
      }
      for (const path of links.keys()) {
        let real: string;
        try {
          // Not realpathSync itself: on some circles of links Node's own walk never ends.
          real = fs.realpathSync.native(join(root, path));
        } catch {
          continue;
        }
        const inside = real === root || real.startsWith(`${root}/`);
        const said = isExternal(path, links.get(path) ?? '', new SymlinkIndex(links), 'linux');
        if (!inside) expect([path, [...links], said]).toEqual([path, [...links], true]);
      }
      fs.rmSync(outer, { recursive: true });
    }),
    { numRuns: 100 },
  );
});

test('links too winding to be validated are said to leave, at once', () => {
  const winding = 'a/../'.repeat(800);
  const links: Record<string, string> = {};
  for (let i = 0; i < 1000; i++) links[`${'d/'.repeat(2000)}${i}`] = `${winding}${i + 1}`;
  expect(validator(links)).toHaveLength(1000);
  expect(validator({ deep: 'd/'.repeat(200) })).toEqual([]);
});
