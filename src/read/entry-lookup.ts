import { BackupError } from '../errors.ts';
import { DAMAGED_HINT } from '../format/gzip-member.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { comparePaths } from '../format/path-order.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { someOf } from './problem.ts';
import { type JudgedBlock, readJudgedBlock } from './read-entries.ts';

/** An entry, and where it stands. */
export interface FoundEntry {
  entry: BlockEntry;
  /** Its number in the block. */
  number: number;
  judged: JudgedBlock;
}

/** Blocks kept decoded: what one lookup needs, its parents and links, mostly stands in a few. */
const KEPT_BLOCKS = 8;

/** Looks entries up by their paths. Reads one block for each, those read last are remembered. */
export class EntryLookup {
  readonly #snapshot: SealedSnapshot;
  readonly #platform: NodeJS.Platform;
  /** By their number, the one used last at the end. */
  readonly #kept = new Map<number, JudgedBlock>();

  /**
   * @param platform where entries would be written
   * @throws BackupError `ENTRY_ORDER` when the blocks are not in order: then nothing can be looked up
   */
  constructor(snapshot: SealedSnapshot, platform: NodeJS.Platform) {
    this.#snapshot = snapshot;
    this.#platform = platform;
    for (const [number, { row }] of snapshot.blocks.entries()) {
      const before = snapshot.blocks[number - 1]?.row.first;
      if (before === undefined || comparePaths(before, row.first) < 0) continue;
      throw new BackupError('ENTRY_ORDER', `${someOf([row.first])} stands in the wrong place of the snapshot`, {
        path: row.first,
        hint: DAMAGED_HINT,
      });
    }
  }

  /** A block by its number. */
  block(number: number): JudgedBlock {
    const judged = this.#kept.get(number) ?? readJudgedBlock(this.#snapshot, number, this.#platform);
    this.#kept.delete(number);
    this.#kept.set(number, judged);
    if (this.#kept.size > KEPT_BLOCKS) this.#kept.delete(this.#kept.keys().next().value as number);
    return judged;
  }

  find(path: string): FoundEntry | null {
    const { blocks } = this.#snapshot;
    const behind = firstBehind(blocks.length, (i) => blocks[i]?.row.first as string, path);
    if (behind === 0) return null;
    const judged = this.block(behind - 1);
    const { entries } = judged;
    const number = firstBehind(entries.length, (i) => entries[i]?.path as string, path) - 1;
    const entry = entries[number];
    return entry?.path === path ? { entry, number, judged } : null;
  }
}

/** The number of the first of `count` paths in order that comes behind `path`. */
function firstBehind(count: number, pathAt: (i: number) => string, path: string): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(pathAt(middle), path) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
