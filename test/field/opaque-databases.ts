import type { FieldTree } from './field-tree.ts';

// How SQLite and what encrypts its files begin a write-ahead log and a rollback journal.
const WAL = Buffer.from('377f0682002de218', 'hex');
const JOURNAL = Buffer.from('d9d505f920a163d7', 'hex');

/** What looks like a database or its side files and is none that can be read: all of it comes back byte for byte. */
export function plantOpaqueDatabase(tree: FieldTree, folder: string): void {
  const { random } = tree;
  const name = `${folder}/${random.pick(['secret.db', 'vault', 'enc.sqlite', 'my wallet.dat'])}`;
  const page = () => random.bytes(random.below(3) * 4096 + 24);
  const plants: [string, () => void][] = [
    [
      'encrypted, with its log',
      () => {
        tree.file(name, random.bytes(4096 * 3));
        tree.file(`${name}-wal`, Buffer.concat([random.chance(0.5) ? WAL : random.bytes(8), page()]));
        tree.file(`${name}-shm`, random.chance(0.5) ? Buffer.alloc(32_768) : random.bytes(32_768));
      },
    ],
    [
      'encrypted, with its journal',
      () => {
        tree.file(name, random.bytes(4096));
        tree.file(`${name}-journal`, Buffer.concat([JOURNAL, page()]));
      },
    ],
    ['empty, with a journal', () => [tree.file(name), tree.file(`${name}-journal`, Buffer.concat([JOURNAL, page()]))]],
    [
      'side files alone',
      () => [tree.file(`${name}-wal`, Buffer.concat([WAL, page()])), tree.file(`${name}-shm`, page())],
    ],
    ['a folder, with files beside', () => [tree.folder(name), tree.file(`${name}-wal`, 'x'), tree.file(`${name}-shm`)]],
    [
      'a text that begins as one',
      () => tree.file(name, `SQLite format 3 is described at https://sqlite.org${' '.repeat(random.below(500))}`),
    ],
  ];
  const [kind, plant] = random.pick(plants);
  plant();
  tree.story.push(`no database ${name}: ${kind}`);
}
