import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
export const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const RECIPE = /^<!-- recipe: (.+) -->\n```(\w+)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of the README that are marked `<!-- recipe: NAME -->`, by name. */
export const RECIPES: ReadonlyMap<string, string> = new Map(
  [...README.matchAll(RECIPE)].map(([, name = '', , text = '']) => [name, text]),
);

/** The block under "Use". */
export const FIRST_SCREEN = /^## Use\n\n```sh\n([\s\S]*?)^```$/m.exec(README)?.[1] ?? '';
