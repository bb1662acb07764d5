import { linkSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/run.ts';
import { CATEGORIES } from '../../src/state-dir/sections.ts';
import { lastJson, Workbench } from './command-line.ts';
import { Sheet } from './sheet.ts';

const bench = new Workbench();

/** Something of a tree: where it is, and what. */
const thing = fc.record({
  folder: fc.constantFrom('', ...CATEGORIES, 'sessions/deep.md', 'elsewhere', 'memory'),
  name: fc.constantFrom('a.md', 'b.json', 'c.txt', 'd.md', '.md', 'e'),
  kind: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'hardlink'),
  content: fc.constantFrom('', 'one', 'other'),
});
const tree = fc.uniqueArray(thing, { selector: ({ folder, name }) => `${folder}/${name}`, maxLength: 25 });

type Thing = typeof thing extends fc.Arbitrary<infer T> ? T : never;

function build(root: string, things: readonly Thing[]): void {
  mkdirSync(root);
  writeFileSync(`${root}/first.txt`, 'first');
  for (const { folder, name, kind, content } of things) {
    const path = `${root}/${folder}/${name}`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (kind === 'directory') mkdirSync(path, { recursive: true });
      else if (kind === 'symlink') symlinkSync('first.txt', path);
      else if (kind === 'hardlink') linkSync(`${root}/first.txt`, path);
      else writeFileSync(path, content);
      if (kind === 'file') utimesSync(path, 1_790_000_000, 1_790_000_000);
    } catch (error) {
      // What is there is something else.
      if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Runs the command in this process. */
async function run(...argv: string[]): Promise<string> {
  const stdout = new Sheet();
  const terminal = { stdin: Readable.from([]), stdout, stderr: new Sheet(), env: { OXIOS_VERSION: '0.3.0' } };
  await runCommandLine(argv, terminal, new AbortController().signal);
  return stdout.text;
}

type Counts = Record<string, number>;

/** What the rows of sections and of what lies outside of them sum up to, column by column. */
function sumOfRows(text: string): number[] {
  const names = [...CATEGORIES, 'outside the sections'];
  const rows = text.split('\n').filter((line) => names.some((name) => line.trimStart().startsWith(`${name}  `)));
  const numbers = rows.map((row) => [...row.matchAll(/ {2}[+~-]?([\d,]+)/g)].map(([, digits]) => Number(digits)));
  return (numbers[0] ?? []).map((_, at) => numbers.reduce((sum, row) => sum + (row[at] ?? 0), 0));
}

function sumOf(json: Record<string, unknown>, sections: unknown, kind: string): number {
  const outside = (json.outside_sections as Counts)[kind] ?? Number.NaN;
  return (sections as Counts[]).reduce((sum, section) => sum + (section[kind] ?? 0), outside);
}

it('rows of sections and of what lies outside of them sum up to the total, in every command', async () => {
  const property = fc.asyncProperty(tree, tree, async (one, other) => {
    const [before, after, snapshot] = [bench.fresh(), bench.fresh(), `${bench.fresh()}.tar.gz`];
    build(before, one);
    build(after, other);
    const created = (await bench.run(['create', snapshot, '--state-dir', before])).out;
    const planned = await run('create', '--dry-run', '--state-dir', before);
    const shown = await run('show', snapshot);
    const { manifest, totals, ...show } = lastJson(await run('show', snapshot, '--json'));
    const { entries } = totals as { entries: number };
    const { sections } = manifest as { sections: Counts[] };
    expect(sumOf(show, sections, 'entry_count')).toBe(entries);
    if (sections.length > 0) {
      for (const text of [created, planned, shown]) expect(sumOfRows(text)).toEqual([entries]);
      expect(shown).toMatch(new RegExp(`^ {2}total +${entries}$`, 'm'));
    }
    const plan = lastJson(await run('create', '--dry-run', '--state-dir', before, '--json'));
    expect(sumOf(plan, plan.sections, 'entry_count')).toBe(entries);

    for (const compare of [
      (...more: string[]) => run('diff', snapshot, after, ...more),
      // Its threads are of the built command.
      async (...more: string[]) =>
        (await bench.run(['restore', snapshot, '--state-dir', after, '--replace', '--dry-run', ...more])).out,
    ]) {
      const json = lastJson(await compare('--json'));
      const all = json.totals as Counts;
      for (const kind of ['added', 'removed', 'changed']) expect(sumOf(json, json.sections, kind)).toBe(all[kind]);
      const { added = 0, removed = 0, changed = 0 } = all;
      const text = await compare();
      if (added + removed + changed > 0) expect(sumOfRows(text)).toEqual([added, removed, changed]);
    }
    for (const path of [before, after, snapshot]) rmSync(path, { recursive: true });
  });
  // A folder that counts for a section by its name, and of which only the time differs, for something in it changed.
  const inFolder = (name: 'a.md' | 'b.json') =>
    [{ folder: 'sessions/deep.md', name, kind: 'file', content: 'one' }] as const;
  await fc.assert(property, { numRuns: 4, examples: [[[...inFolder('a.md')], [...inFolder('b.json')]]] });
});
