import { readFileSync } from 'node:fs';

/** Name and version of this program, as its package has them. */
export function readProgram(): { name: string; version: string } {
  // Here, and bundled into `dist`, the package's description lies one folder up.
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
}
