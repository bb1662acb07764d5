import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FieldTree } from './field-tree.ts';
import type { Ending, JournalMode } from './make-with-python.ts';

const NAMES = [
  'memory.db',
  'notes',
  'x.log',
  'store.sqlite',
  'with space and %41.db',
  '-dash.db',
  'ä\u0308.db',
  "quote'.db",
  'cache-journal',
  'tasks.json',
  'a?b#c.db',
  'x.tmp',
  `${'l'.repeat(240)}.db`,
];
const MODES: JournalMode[] = ['delete', 'truncate', 'persist', 'memory', 'off', 'wal', 'wal'];
const ENDINGS: Ending[] = ['closed', 'idle', 'in transaction'];
const PAGE_SIZES = [512, 1024, 4096, 4096, 4096, 8192, 65_536];

/** What becomes of a database and its side files once its writer has ended. */
type Afterwards = 'as it is' | 'without -shm' | 'with an empty -wal' | 'with an old -shm' | 'with foreign names beside';

/** A database that SQLite made, by a writer that was closed or killed. Its side files are known only when all is made. */
export function plantDatabase(tree: FieldTree, folder: string): () => void {
  const { random } = tree;
  const path = join(folder, random.pick(NAMES));
  const absolute = tree.absolute(path);
  if (existsSync(absolute) || tree.steps.some((step) => step.path === absolute)) return () => {};
  const journal = random.pick(MODES);
  const ending = random.pick(ENDINGS);
  const folders = [folder, dirname(folder)].filter(
    (each) => statSync(tree.absolute(each)).dev === statSync(tree.absolute(folder)).dev,
  );
  const alias = random.chance(0.2) ? join(random.pick(folders), `zz-alias-${random.word()}.db`) : null;
  tree.steps.push({
    make: 'database',
    path: absolute,
    journal,
    ending,
    pageSize: random.pick(PAGE_SIZES),
    encoding: random.pick(['UTF-8', 'UTF-16le']),
    autoVacuum: random.pick([0, 0, 1, 2]),
    rows: random.below(400),
    ...(alias === null ? {} : { alias: tree.absolute(alias) }),
  });
  const afterwards = random.pick<Afterwards>([
    'as it is',
    'as it is',
    'without -shm',
    'with an empty -wal',
    'with an old -shm',
    'with foreign names beside',
  ]);
  tree.story.push(
    `database ${path}: ${journal}, writer ${ending}, ${afterwards}${alias === null ? '' : `, also ${alias}`}`,
  );
  return () => {
    arrange(tree, path, afterwards);
    note(tree, path, alias);
  };
}

function arrange(tree: FieldTree, path: string, afterwards: Afterwards): void {
  const absolute = tree.absolute(path);
  switch (afterwards) {
    case 'without -shm':
      rmSync(`${absolute}-shm`, { force: true });
      break;
    case 'with an empty -wal':
      if (existsSync(`${absolute}-wal`)) truncateSync(`${absolute}-wal`, 0);
      break;
    case 'with an old -shm':
      if (!existsSync(`${absolute}-shm`))
        writeFileSync(`${absolute}-shm`, Buffer.concat([Buffer.from('18e22d00', 'hex'), Buffer.alloc(32_764)]));
      break;
    case 'with foreign names beside':
      tree.file(`${path}-wal2`, tree.random.bytes(50));
      if (!existsSync(`${absolute}-journal`)) tree.file(`${path}-journal`, `a diary\nof ${path}`);
  }
}

/** Side files stay out; where they hold something, it comes back in the database. */
function note(tree: FieldTree, path: string, alias: string | null): void {
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if (!existsSync(tree.absolute(path + suffix))) continue;
    const head = readFileSync(tree.absolute(path + suffix)).subarray(0, 16);
    // A diary is none.
    if (head.toString('latin1').startsWith('a diary')) continue;
    tree.excluded.add(path + suffix);
    if (suffix === '-shm' || head.every((byte) => byte === 0)) continue;
    tree.folded.set(path, path);
    if (alias !== null) tree.folded.set(alias, path);
  }
}
