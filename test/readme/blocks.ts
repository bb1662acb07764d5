import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
export const README = textOf('README.md');

/** README and the pages of `docs/`, by path from the top of the repository. */
export const PAGES: ReadonlyMap<string, string> = new Map(
  [
    'README.md',
    ...readdirSync(`${PROJECT}/docs`).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ].map((path) => [path, textOf(path)]),
);

const RECIPE = /^<!-- recipe: (.+) -->\n```(\w+)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of these pages that are marked `<!-- recipe: NAME -->`, by name. */
export const RECIPES: ReadonlyMap<string, string> = new Map(
  [...PAGES.values()].flatMap((page) =>
    [...page.matchAll(RECIPE)].map(([, name = '', , text = '']) => [name, text] as const),
  ),
);

/** The first block of the README: install, create, restore. */
export const FIRST_STEPS = /^```sh\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? '';

/** The block under "Use". */
export const USE = /^## Use\n\n```sh\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? '';

function textOf(path: string): string {
  return readFileSync(`${PROJECT}/${path}`, 'utf8');
}
