import { mkdirSync } from 'node:fs';
import { plantAttributes } from './attributes.ts';
import { plantDatabase } from './databases.ts';
import { FieldTree } from './field-tree.ts';
import { plantStore } from './key-value-stores.ts';
import { plantLinks } from './links.ts';
import { plantLogs } from './logs.ts';
import { makeWithPython } from './make-with-python.ts';
import { CAN_MOUNT, plantMount } from './mounts.ts';
import { plantNames, plantOwn, plantTemporaries } from './names.ts';
import { plantOpaqueDatabase } from './opaque-databases.ts';
import { Random } from './random.ts';
import { plantRepository, plantSeemingRepository } from './repositories.ts';
import { plantSparseFiles } from './sparse-files.ts';
import { plantFolders, plantSpecialFiles } from './special-files.ts';

/** Where things lie: what the names of folders say must not matter. */
const FOLDERS = [
  '.',
  'sessions',
  'memory/facts',
  'logs',
  'agents/logs/x',
  'backups.old',
  'cache',
  'a b',
  'x.git',
  'refs/objects',
  '-d',
];

/**
 * Fills a directory with what state directories really hold, as nobody writes to it any more.
 *
 * @param root does not exist yet
 * @param outside a directory for what links lead to; does not exist yet
 * @param seed the same one gives the same tree, but for what SQLite and git make random
 */
export function growTree(root: string, outside: string, seed: number): FieldTree {
  const random = new Random(seed);
  const tree = new FieldTree(root, random);
  mkdirSync(root);
  mkdirSync(outside);
  try {
    plantAll(tree, outside);
  } catch (error) {
    tree.cleanUp();
    throw error;
  }
  return tree;
}

function plantAll(tree: FieldTree, outside: string): void {
  const { random } = tree;
  tree.file('sessions/first.json', '{}');
  const afterwards: (() => void)[] = [];
  const plants: ((folder: string) => void)[] = [
    (folder) => plantLogs(tree, folder),
    (folder) => plantStore(tree, folder),
    (folder) => afterwards.push(plantDatabase(tree, folder)),
    (folder) => afterwards.push(plantDatabase(tree, folder)),
    (folder) => plantOpaqueDatabase(tree, folder),
    (folder) => plantSeemingRepository(tree, folder),
    (folder) => plantSparseFiles(tree, folder),
    (folder) => plantNames(tree, folder),
    (folder) => plantTemporaries(tree, folder),
    (folder) => plantAttributes(tree, folder),
    (folder) => plantLinks(tree, folder, outside),
    (folder) => plantSpecialFiles(tree, folder),
    (folder) => plantFolders(tree, folder),
  ];
  const folders = random.some(FOLDERS, 0.4);
  if (CAN_MOUNT && random.chance(0.15)) folders.push(plantMount(tree, random.pick(['.', 'memory', 'logs']), outside));
  for (const plant of random.some(plants, 0.6)) plant(tree.folder(random.pick(['.', ...folders])));
  if (random.chance(0.6)) plantRepository(tree, tree.folder(random.pick(['.', ...folders])));
  if (random.chance(0.4)) plantOwn(tree);
  makeWithPython(tree.steps);
  for (const act of afterwards) act();
  tree.settle();
}
