import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { FieldTree } from './field-tree.ts';

const MIB = 2 ** 20;

/** Files that are mostly holes, with data at odd places, and files of zeros that are none. */
export function plantSparseFiles(tree: FieldTree, folder: string): void {
  const { random } = tree;
  for (let i = random.below(3); i >= 0; i--) {
    const path = tree.file(`${folder}/${random.pick(['disk.img', 'data.mdb', 'core', 'x.log'])}-${random.word()}`);
    const fd = openSync(tree.absolute(path), 'r+');
    const size =
      random.pick([0, 1, 4096, 65_536, MIB, 3 * MIB, 20 * MIB, 40 * MIB]) + random.pick([0, 0, 1, 511, 4095]);
    ftruncateSync(fd, size);
    for (let pieces = random.below(6); pieces > 0 && size > 0; pieces--) {
      const at = random.below(size);
      const piece = random.chance(0.2) ? Buffer.alloc(70_000) : random.bytes(1 + random.below(9000));
      writeSync(fd, piece, 0, Math.min(piece.length, size - at), at);
    }
    closeSync(fd);
    tree.story.push(`sparse ${path}: ${size}`);
  }
}
