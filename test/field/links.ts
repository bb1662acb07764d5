import { linkSync, statSync, symlinkSync } from 'node:fs';
import type { FieldTree } from './field-tree.ts';

/** Symbolic links of all sorts, and files of many names, in folders that come before and after each other. */
export function plantLinks(tree: FieldTree, folder: string, outside: string): void {
  const { random } = tree;
  const top = tree.folder(`${folder}/links`);
  const targets = [
    '../names',
    'missing',
    '.',
    '..',
    '/etc/hostname',
    '../../../../../out',
    'self',
    'x/'.repeat(900),
    'line\nbreak',
    ' ',
    'f0',
  ];
  for (const [i, target] of random.some(targets, 0.5).entries()) {
    const name = target === 'self' ? 'self' : `s${i}`;
    symlinkSync(target, tree.absolute(`${top}/${name}`));
    if (random.chance(0.3)) tree.time(`${top}/${name}`, random.pick([-1, 0, 2 ** 33, 1_700_000_000.5]));
  }
  for (let i = random.below(3); i >= 0; i--) {
    const first = tree.file(`${top}/m/f${i}.log`, random.bytes(random.pick([0, 10, 512, 70_000])));
    const count = random.chance(0.1) ? 300 : 1 + random.below(5);
    for (let name = 0; name < count; name++) {
      const other = `${tree.folder(`${top}/${random.pick(['a', 'm', 'z', 'logs'])}`)}/${i}-${name}${random.pick(['', '.json', '.log', '-wal'])}`;
      linkSync(tree.absolute(first), tree.absolute(other));
    }
    const isNear = statSync(outside).dev === statSync(tree.absolute(top)).dev;
    if (random.chance(0.2) && isNear) linkSync(tree.absolute(first), `${outside}/${random.word()}`);
  }
  tree.story.push(`links in ${folder}`);
}
