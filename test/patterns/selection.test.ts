import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePaths } from '../../src/format/path-order.ts';
import { compileSelection, type SelectionOptions } from '../../src/patterns/selection.ts';

const wanted = (options: SelectionOptions, ...paths: string[]) =>
  paths.filter((path) => compileSelection(options)?.wants(path, false) ?? true);

test('without paths and sections everything is wanted', () => {
  expect(compileSelection({})).toBeNull();
});

describe('a path', () => {
  test.each([
    ['sessions', ['sessions', 'sessions/a.json'], ['memory/sessions/a.json', 'sessions-old/a.json']],
    ['/sessions/', ['sessions/a.json'], ['memory/sessions']],
    ['seeds/a b.json', ['seeds/a b.json'], ['seeds/a', 'b.json']],
    ['*.json', ['a.json', 'seeds/a.json'], ['a.json.bak']],
    ['seeds/*.json', ['seeds/a.json'], ['seeds/x/a.json', 'old/seeds/a.json']],
    ['**/notes', ['notes', 'a/b/notes/x'], ['a/notes.md']],
    ['seeds/[ab].md', ['seeds/a.md', 'seeds/[ab].md'], ['seeds/c.md']],
    ['a\\b', ['a\\b'], ['a/b']],
    ['seeds/é*', ['seeds/é.md', 'seeds/e\u0301.md'], ['seeds/e.md']],
    ['seeds/e\u0301*', ['seeds/é.md', 'seeds/e\u0301.md'], ['seeds/e.md']],
    ['seeds/é', ['seeds/é'], ['seeds/e\u0301']],
  ])('%s', (path, within, without) => {
    expect(wanted({ paths: [path] }, ...within, ...without)).toEqual(within);
  });
});

test('a section is a folder, whatever its name looks like', () => {
  expect(wanted({ sections: ['a*'] }, 'a*/x', 'ab/x')).toEqual(['a*/x']);
});

test('a run that holds a wanted entry is never passed over', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'a-', 'a.json', 'b.md', 'é', 'e\u0301', '\u{1f331}', '[a]');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const pattern = fc
    .array(fc.oneof(name, fc.constantFrom('*', '**', 'a*', 'é*', 'e\u0301?', '?', '[ab]', '\\[a]', '*.json')), {
      minLength: 1,
      maxLength: 3,
    })
    .chain((parts) => fc.constantFrom(parts.join('/'), `/${parts.join('/')}`, `${parts.join('/')}/`));
  fc.assert(
    fc.property(
      fc.uniqueArray(path, { minLength: 1, maxLength: 12 }),
      fc.array(pattern, { minLength: 1, maxLength: 2 }),
      fc.array(path, { maxLength: 1 }),
      fc.nat(),
      (entries, paths, sections, cut) => {
        const selection = compileSelection({ paths, sections });
        const ordered = entries.sort(comparePaths);
        const end = cut % (ordered.length + 1);
        const runs = [ordered.slice(0, end), ordered.slice(end)].filter((run) => run.length > 0);
        for (const [i, run] of runs.entries()) {
          const held = selection?.mayHold(run[0] as string, runs[i + 1]?.[0] ?? null);
          for (const each of run)
            for (const isDirectory of [true, false])
              if (selection?.wants(each, isDirectory)) expect({ each, held }).toEqual({ each, held: true });
        }
      },
    ),
    { numRuns: 2000 },
  );
});
