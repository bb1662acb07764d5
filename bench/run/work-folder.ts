import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

const NAME = /^oxios-backup-bench-work-(\d+)$/;

/** Makes a folder of this process's own in `parent`, and removes those that killed runs have left there. */
export async function makeWorkFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await rm(path.join(parent, name), { recursive: true });
  }
  const folder = path.join(parent, `oxios-backup-bench-work-${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}
