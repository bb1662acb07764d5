/** `npm run docs` writes what is made from the sources. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, staleFiles } from './made-files.ts';

for (const { path, text } of await staleFiles()) {
  writeFileSync(join(PROJECT, path), text);
  console.log(path);
}
