import type { FieldTree } from './field-tree.ts';

/** What no archive brings back: it stays out, whatever it is called. */
export function plantSpecialFiles(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const isRoot = process.getuid?.() === 0;
  for (const make of random.some(['socket', 'fifo', ...(isRoot ? (['device'] as const) : [])] as const, 0.6)) {
    const path = `${folder}/${random.pick(['agent.sock', 'x.log', 'pipe', 'x.db-wal', 'HEAD'])}-${make}`;
    tree.steps.push({ make, path: tree.absolute(path) });
    tree.excluded.add(path);
  }
  if (random.chance(0.15)) {
    const name = `bad-?-${random.word()}`;
    const type = random.pick(['file', 'directory'] as const);
    tree.steps.push({ make: 'undecodable', path: tree.absolute(`${folder}/${name}`), type });
    tree.unreadable.add(`${folder}/${name.replace('?', '\\xff')}`);
  }
  tree.story.push(`special files in ${folder}`);
}

/** Folders in folders, some of them empty. */
export function plantFolders(tree: FieldTree, folder: string): void {
  const { random } = tree;
  let path = `${folder}/deep`;
  for (let depth = random.below(80); depth > 0; depth--) {
    path += `/${random.pick(['d', 'logs', 'backups', 'x.git', 'objects', 'refs'])}`;
    if (random.chance(0.1)) tree.folder(`${path}/empty`);
    if (random.chance(0.2)) tree.file(`${path}/x.log`, 'no newline');
  }
  tree.folder(path);
  for (let i = random.below(150); i > 0; i--)
    tree.file(`${folder}/many/${i}.json`, JSON.stringify({ i, text: random.word() }));
  tree.story.push(`folders in ${folder}`);
}
