import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One thing of a tree, down to its inode. */
export interface Exact {
  type: 'file' | 'directory' | 'symlink' | 'other';
  mode: number;
  mtimeNs: bigint;
  inode: bigint;
  content: string;
  attributes: string;
}

/** Everything below a directory by its path, '' for itself: inodes and extended attributes too. What is ours is passed over. */
export function exactTree(root: string): Map<string, Exact> {
  const attributes = extendedAttributes(root);
  const tree = new Map<string, Exact>();
  const look = (absolute: Buffer, path: string) => {
    const stats = lstatSync(absolute, { bigint: true });
    const type = stats.isFile()
      ? 'file'
      : stats.isDirectory()
        ? 'directory'
        : stats.isSymbolicLink()
          ? 'symlink'
          : 'other';
    tree.set(path, {
      type,
      mode: type === 'symlink' ? 0 : Number(stats.mode & 0o7777n),
      mtimeNs: stats.mtimeNs,
      inode: stats.ino,
      content: type === 'file' ? readFileSync(absolute, 'latin1') : type === 'symlink' ? readlinkSync(absolute) : '',
      attributes: attributes.get(path) ?? '',
    });
    if (type !== 'directory') return;
    for (const name of readdirSync(absolute, { encoding: 'buffer' })) {
      if (name.toString() === '.oxios-backup') continue;
      look(Buffer.concat([absolute, Buffer.from('/'), name]), `${path === '' ? '' : `${path}/`}${textOf(name)}`);
    }
  };
  look(Buffer.from(root), '');
  return tree;
}

/** A name that is not UTF-8 by its bytes. */
function textOf(name: Buffer): string {
  return Buffer.from(name.toString()).equals(name) ? name.toString() : name.toString('latin1');
}

/** By path, as getfattr (Debian: attr) writes them; none where there is no such command. */
function extendedAttributes(root: string): Map<string, string> {
  const { stdout } = spawnSync('getfattr', ['-R', '-h', '-d', '-m', '-', '.'], { cwd: root, encoding: 'latin1' });
  const found = new Map<string, string>();
  for (const block of (stdout ?? '').split('\n\n')) {
    const [head = '', ...lines] = block.trim().split('\n');
    // Unusual bytes are octal escapes.
    const bytes = head
      .replace(/^# file: /, '')
      .replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    if (bytes !== '') found.set(bytes === '.' ? '' : textOf(Buffer.from(bytes, 'latin1')), lines.join('\n'));
  }
  return found;
}
