import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything about a tree that a restore answers for, a line an entry, so that two trees can be compared as text. */
export function pictureOf(root: string): string {
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return 'missing';
  const firstNames = new Map<bigint, string>();
  const lines: string[] = [];
  const look = (path: string) => {
    const absolute = join(root, path);
    const stats = lstatSync(absolute, { bigint: true });
    const common = `${path} ${(stats.mode & 0o7777n).toString(8)} ${stats.mtimeNs}`;
    if (stats.isSymbolicLink()) lines.push(`${path} -> ${readlinkSync(absolute)}`);
    else if (stats.isDirectory()) {
      lines.push(`${common} directory`);
      for (const name of readdirSync(absolute).sort()) {
        if (path !== '.' || name !== '.oxios-backup') look(join(path, name));
      }
    } else {
      const first = firstNames.get(stats.ino);
      if (first === undefined) firstNames.set(stats.ino, path);
      lines.push(first === undefined ? `${common} ${readFileSync(absolute, 'utf8')}` : `${common} = ${first}`);
    }
  };
  look('.');
  return lines.join('\n');
}
