import fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leadsOutside } from '../../src/read/link-rules.ts';
import { Workroom } from '../workroom.ts';

const room = new Workroom();

const judge = (links: Record<string, string>) => {
  const map = new Map(Object.entries(links));
  return [...map.keys()].filter((path) => leadsOutside(path, map));
};

test('links that stay inside', () => {
  expect(
    judge({
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
  expect(judge({ a: '/etc', b: '..', 'c/d': '../../x', e: 'x/../../y' })).toEqual(['a', 'b', 'c/d', 'e']);
  expect(judge({ up: 'deep/down', 'deep/down': '..', out: 'deep/down/..' })).toEqual(['out']);
  // Up from where the link leads, not from where it stands.
  expect(judge({ 'a/b': '..', 'a/c': 'b/..' })).toEqual(['a/c']);
  expect(judge({ one: 'two', two: 'three', three: '/' })).toEqual(['one', 'two', 'three']);
  expect(judge({ dir: 'real', 'real/x': '../../out', via: 'dir/x' })).toEqual(['real/x', 'via']);
});

test('what is said to stay inside does, by the judgement of the system', () => {
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
        if (!inside) expect([path, [...links], leadsOutside(path, links)]).toEqual([path, [...links], true]);
      }
      fs.rmSync(outer, { recursive: true });
    }),
    { numRuns: 100 },
  );
});

test('links too winding to be judged are said to leave, at once', () => {
  const winding = 'a/../'.repeat(800);
  const links: Record<string, string> = {};
  for (let i = 0; i < 1000; i++) links[`${'d/'.repeat(2000)}${i}`] = `${winding}${i + 1}`;
  expect(judge(links)).toHaveLength(1000);
  expect(judge({ deep: 'd/'.repeat(200) })).toEqual([]);
});
