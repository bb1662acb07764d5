import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DATABASE_SCRIPT = fileURLToPath(new URL('./change-database.py', import.meta.url));
/** A file in so many is changed, and so many-th of a log or database. */
const SHARE = 100;
/** Larger files grow or have pages changed; they are not written anew. */
const SMALL_BYTES = 1_000_000;

/**
 * Changes one percent of a data set as a day of use does: small files are written anew, logs grow, pages of databases change.
 *
 * @param where the small files and the rows lie: each hundredth of all, or neighbours, as of a day in a folder by date
 */
export function changeSome(root: string, round: number, where: 'scattered' | 'together'): void {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const [i, file] of files.entries()) {
    if (file.endsWith('.db'))
      execFileSync('python3', [DATABASE_SCRIPT, file, String(SHARE), String(round % SHARE), where]);
    else if (file.endsWith('.jsonl')) grow(file);
    else if (isChosen(i, files.length, round % SHARE, where) && statSync(file).size < SMALL_BYTES) rewrite(file, round);
  }
}

function isChosen(i: number, files: number, remainder: number, where: 'scattered' | 'together'): boolean {
  return where === 'scattered' ? i % SHARE === remainder : Math.floor((i * SHARE) / files) === remainder;
}

function grow(file: string): void {
  const content = readFileSync(file);
  const end = content.indexOf('\n', Math.floor(content.length / SHARE));
  appendFileSync(file, content.subarray(0, end + 1));
}

function rewrite(file: string, round: number): void {
  if (!existsSync(file)) return;
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nround ${round}\n`);
}
