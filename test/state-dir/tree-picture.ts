import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Everything about a tree that a restore answers for, a line an entry, so that two trees can be compared as text. Names are bytes; what is ours is passed over. */
export function pictureOf(root: string): string {
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return 'missing';
  const firstNames = new Map<bigint, string>();
  const lines: string[] = [];
  const look = (path: string) => {
    const absolute = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
    const stats = lstatSync(absolute, { bigint: true });
    const common = `${path} ${(stats.mode & 0o7777n).toString(8)} ${stats.mtimeNs}`;
    if (stats.isSymbolicLink()) lines.push(`${path} -> ${readlinkSync(absolute)}`);
    else if (stats.isDirectory()) {
      lines.push(`${common} directory`);
      for (const name of readdirSync(absolute, { encoding: 'latin1' }).sort()) {
        if (name !== '.oxios-backup') look(`${path}/${name}`);
      }
    } else {
      const first = firstNames.get(stats.ino);
      if (first === undefined) firstNames.set(stats.ino, path);
      const content = stats.isFile() ? readFileSync(absolute, 'utf8') : 'special';
      lines.push(first === undefined ? `${common} ${content}` : `${common} = ${first}`);
    }
  };
  look('.');
  return lines.join('\n');
}
