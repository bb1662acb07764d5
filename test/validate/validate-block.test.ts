import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../src/format/entry.ts';
import { comparePaths, isBelow, parentOf } from '../../src/format/path-order.ts';
import { assertSafePath, isPlainPath, MANIFEST_PATH } from '../../src/format/path-rules.ts';
import { entryStem } from '../../src/state-dir/sections.ts';
import { noteUnusual, noUnusualNames } from '../../src/validate/unusual-names.ts';
import { setIdProblem, validateBlock } from '../../src/validate/validate-block.ts';

const FOLDERS = new Set(['a', 'a/b', 'seeds']);

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'a-', 'a.b', 'seeds', 'x.json', '.json', 'y.md', '.md', 'manifest.json', 'A', 'a '),
  fc.constantFrom(
    '',
    '.',
    '..',
    'a.',
    '.a',
    '...',
    '\0',
    'a:',
    '\ud800',
    '\ue000',
    '\uffff',
    '\u{10000}',
    'é',
    'con',
    '~',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('n'.repeat(100), 'n'.repeat(256), 'ü'.repeat(600), 'n'.repeat(4000)),
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

const entry: fc.Arbitrary<Entry> = fc.record({
  path,
  type: fc.constantFrom('file', 'file', 'directory', 'hardlink', 'symlink'),
  mode: fc.constantFrom(0o644, 0o755, 0o2755, 0o4755, 0o6000),
  uid: fc.constant(0),
  gid: fc.constant(0),
  mtime: fc.integer({ min: 0, max: 2 ** 31 }),
  mtimeNs: fc.constant(0),
  size: fc.integer({ min: 0, max: 2 ** 33 }),
  link: path,
});

/** Mostly in order, and then many neighbours; and as they come. */
const entries = fc
  .tuple(fc.array(entry, { maxLength: 30 }), fc.boolean())
  .map(([all, sorted]) => (sorted ? all.sort((a, b) => comparePaths(a.path, b.path)) : all));

const platform = fc.constantFrom<NodeJS.Platform>('linux', 'linux', 'darwin', 'win32');

/** What is said of entries one by one, without regard to their neighbours: the rules as SNAPSHOT-FORMAT.md and the sections have them. */
function said(all: readonly Entry[], where: NodeJS.Platform, folders: ReadonlySet<string> | null) {
  const problems: [string, string][] = [];
  const sections: Record<string, number> = {};
  const needs = new Set<string>();
  const unusual = noUnusualNames();
  let open: string[] = [];
  all.forEach((each, i) => {
    const previous = all[i - 1]?.path;
    try {
      assertSafePath(each.path, where);
    } catch (error) {
      problems.push([(error as { code: string }).code, each.path]);
    }
    noteUnusual(unusual, each.path);
    if (each.path === MANIFEST_PATH) problems.push(['ENTRY_DUPLICATE', each.path]);
    const order = previous === undefined ? -1 : comparePaths(previous, each.path);
    if (order === 0) problems.push(['ENTRY_DUPLICATE', each.path]);
    if (order > 0) problems.push(['ENTRY_ORDER', each.path]);
    const parent = parentOf(each.path);
    while (open.length > 0 && open.at(-1) !== parent && !isBelow(each.path, open.at(-1) as string)) open.pop();
    if (parent !== '' && open.at(-1) !== parent) needs.add(parent);
    if (each.type === 'directory') open.push(each.path);
    if (setIdProblem(each) !== null) problems.push(['UNSAFE_MODE', each.path]);
    const slash = each.path.lastIndexOf('/');
    if (slash < 0 || entryStem(each.path.slice(slash + 1)) === null) return;
    const folder = each.path.slice(0, slash);
    if (folders?.has(folder) ?? true) sections[folder] = (sections[folder] ?? 0) + 1;
  });
  const last = all.at(-1)?.path ?? '';
  open = open.filter((directory) => directory === last || isBelow(last, directory));
  return { problems, sections, needs: [...needs], openDirectories: open, unusual, last };
}

test('a run of entries is validated as each of them would be', () => {
  fc.assert(
    fc.property(entries, platform, fc.constantFrom(FOLDERS, null), (all, where, folders) => {
      const { problems, sections, needs, openDirectories, unusual, last, counts, links } = validateBlock(
        all,
        where,
        folders,
      );
      const found = problems.filter(({ code }) => code !== 'UNSAFE_LINK').map(({ code, paths }) => [code, paths[0]]);
      expect({ problems: found, sections: { ...sections }, needs, openDirectories, unusual, last }).toEqual(
        said(all, where, folders),
      );
      const files = all.filter(({ type }) => type === 'file');
      expect(counts).toEqual({
        entries: all.length,
        files: files.length,
        directories: all.filter(({ type }) => type === 'directory').length,
        symlinks: all.filter(({ type }) => type === 'symlink').length,
        hardLinks: all.filter(({ type }) => type === 'hardlink').length,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
      });
      expect(links.map((each) => each.path)).toEqual(
        all.filter(({ type }) => type === 'symlink' || type === 'hardlink').map((each) => each.path),
      );
    }),
    { numRuns: 500 },
  );
});

test('a plain path is refused nowhere, and has as many bytes as characters', () => {
  fc.assert(
    fc.property(path, (each) => {
      fc.pre(isPlainPath(each, 'linux'));
      expect(() => assertSafePath(each, 'linux')).not.toThrow();
      const unusual = noUnusualNames();
      noteUnusual(unusual, each);
      expect(unusual.byTrait.size).toBe(0);
      expect(Buffer.byteLength(each)).toBe(each.length);
    }),
    { numRuns: 1000 },
  );
});

test.each(['a', 'a/b', '.a', 'memory/shard-4/dd0f4e4c-f1d6.json', 'a b/c~', '..a', '...a/{b}'])(
  '%j is plain',
  (each) => {
    expect(isPlainPath(each, 'linux')).toBe(true);
  },
);

test.each([
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/..',
  'a./b',
  'a ',
  'a\\b',
  'a:b',
  'a|b',
  'é',
  'a\nb',
  'a\n',
  '\x7f',
])('%j is not plain', (each) => {
  expect(isPlainPath(each, 'linux')).toBe(false);
});
