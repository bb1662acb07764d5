/** `npm run docs` writes what is made from the sources; with `--check` it only says what is not current. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { figuresTable } from './figures-table.ts';

/** A file that is made, in whole or in part. */
interface MadeFile {
  /** From the top of the repository. */
  path: string;
  make: (before: string) => string;
}

const MADE: readonly MadeFile[] = [
  { path: 'docs/figures.md', make: (before) => between(before, 'figures', figuresTable()) },
];

const stale = MADE.filter(({ path, make }) => {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const before = readFileSync(file, 'utf8');
  const now = make(before);
  if (now !== before && !process.argv.includes('--check')) writeFileSync(file, now);
  return now !== before;
}).map(({ path }) => path);

if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`Not current, run "npm run docs": ${stale.join(', ')}`);
  process.exitCode = 1;
}

/** A page with a part of it replaced, which lies between two comments. */
function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`the page has no part "${name}"`);
  return `${page.slice(0, from)}\n${text}\n\n${page.slice(to)}`;
}
