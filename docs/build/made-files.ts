import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiPage } from './api-page.ts';
import { withExamples } from './examples.ts';
import { figuresTable } from './figures-table.ts';
import { manualPage } from './manual-page.ts';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** A file that is made, in whole or in part. */
interface MadeFile {
  /** From the top of the repository. */
  path: string;
  make: (before: string) => string | Promise<string>;
}

const MADE: readonly MadeFile[] = [
  { path: 'README.md', make: withExamples },
  { path: 'docs/api.md', make: apiPage },
  { path: 'docs/figures.md', make: (before) => between(before, 'figures', figuresTable()) },
  { path: 'docs/oxios-backup.1', make: manualPage },
];

/** The files that are not what the sources make of them, as they should be. */
export async function staleFiles(): Promise<{ path: string; text: string }[]> {
  const made = MADE.map(async ({ path, make }) => {
    const file = join(PROJECT, path);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return { path, before, text: await make(before) };
  });
  return (await Promise.all(made)).filter(({ before, text }) => text !== before);
}

/** A page with a part of it replaced, which lies between two comments. */
function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`the page has no part "${name}"`);
  return `${page.slice(0, from)}\n${text}\n\n${page.slice(to)}`;
}
