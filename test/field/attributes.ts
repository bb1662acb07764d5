import type { FieldTree } from './field-tree.ts';

const FILE_MODES = [0o000, 0o200, 0o400, 0o444, 0o600, 0o640, 0o755, 0o777, 0o1644];
const FOLDER_MODES = [0o000, 0o500, 0o555, 0o700, 0o1777, 0o2775, 0o111];

/** Whoever is not root can only capture what its owner may read. */
const LEAST = process.getuid?.() === 0 ? { file: 0, folder: 0 } : { file: 0o400, folder: 0o500 };

/** Seconds since 1970. */
const TIMES = [
  Date.UTC(1901, 11, 13) / 1000,
  -2_147_483_649,
  -1,
  -0.5,
  0,
  0.000_001,
  1,
  1_700_000_000.123_456,
  1_700_000_000.999_999,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  8_589_934_591,
  8_589_934_592,
  Date.UTC(2262, 3, 12) / 1000,
  Date.UTC(2300, 0, 1) / 1000,
];

/** Modes and times that other programs trip over. */
export function plantAttributes(tree: FieldTree, folder: string): void {
  const { random } = tree;
  for (let i = 3 + random.below(8); i > 0; i--) {
    const path = tree.file(`${folder}/attributes/${random.word()}`, random.bytes(random.below(2000)));
    tree.mode(path, random.pick(FILE_MODES) | LEAST.file);
    tree.time(path, random.pick(TIMES));
  }
  for (let i = random.below(5); i > 0; i--) {
    const path = tree.folder(`${folder}/attributes/${random.word()}.d`);
    if (random.chance(0.5)) tree.file(`${path}/inside`, 'x');
    tree.mode(path, random.pick(FOLDER_MODES) | LEAST.folder);
    tree.time(path, random.pick(TIMES));
  }
  tree.story.push(`attributes in ${folder}`);
}
