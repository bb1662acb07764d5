import { readFileSync } from 'node:fs';

// Here, and bundled into `dist`, the package's description lies one folder up.
const description = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** Name and version of this program, as its package has them. */
export const PROGRAM: { readonly name: string; readonly version: string } = JSON.parse(description);
