import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawTime } from './documents.ts';
import { Random } from './random.ts';

const FOLDERS = 11;
/** Mean length of a file in bytes; lengths lie within a third of it. */
const MEAN_BYTES = 1500;

/**
 * Writes many files of about 1.5 KB into few folders, all of hexadecimal digests and decimals: little to compress, so that
 * what a backup costs for each file stands out. The same for the same arguments.
 *
 * @param root - a folder; made if it is missing.
 */
export function writeTinyFiles(root: string, files: number, seed: number): void {
  const random = new Random(seed);
  const folders = Array.from({ length: FOLDERS }, (_, at) => path.join(root, 'memory', `shard-${at}`));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (let at = 0; at < files; at++) {
    const file = path.join(folders[at % FOLDERS] as string, `${random.uuid()}.json`);
    writeFileSync(file, writeDigests(random), { mode: 0o644 });
    const time = drawTime(random);
    utimesSync(file, time, time);
  }
  const first = drawTime(random);
  for (const folder of [...folders, path.join(root, 'memory'), root]) utimesSync(folder, first, first);
}

function writeDigests(random: Random): string {
  const length = MEAN_BYTES * (2 / 3 + random.uniform() * (2 / 3));
  const rows: string[] = [];
  for (let written = 20; written < length; written += (rows.at(-1) as string).length) {
    const digest = Array.from({ length: 8 }, () => random.hex8()).join('');
    rows.push(`  { "sha256": "${digest}", "weight": ${random.uniform()} }`);
  }
  return `{ "rows": [\n${rows.join(',\n')}\n] }\n`;
}
