import type { BlockEntry } from '../format/index-block.ts';
import { partitionPoint } from '../format/partition-point.ts';
import { comparePaths } from '../format/path-order.ts';
import type { SealedSnapshot } from './open-snapshot.ts';
import { readValidatedBlock, type ValidatedBlock } from './read-entries.ts';

/** An entry, and where it is. */
export interface FoundEntry {
  entry: BlockEntry;
  /** Its number in the block. */
  number: number;
  validated: ValidatedBlock;
}

/** Blocks kept decoded: what one lookup needs, its parents and links, mostly is in a few. */
const KEPT_BLOCKS = 8;

/** Looks entries up by their paths. Reads one block for each, those read last are remembered. */
export class EntryLookup {
  readonly #snapshot: SealedSnapshot;
  readonly #platform: NodeJS.Platform;
  /** By their number, the one used last at the end. */
  readonly #kept = new Map<number, ValidatedBlock>();

  private constructor(snapshot: SealedSnapshot, platform: NodeJS.Platform) {
    this.#snapshot = snapshot;
    this.#platform = platform;
  }

  /**
   * @param platform where entries would be written
   * @throws BackupError `INDEX_INVALID` when the blocks are not in order: then what is wanted could be where nobody looks for it
   */
  static async of(snapshot: SealedSnapshot, platform: NodeJS.Platform): Promise<EntryLookup> {
    for (const page of snapshot.blocks.pages.keys()) await snapshot.blocks.blocksOf(page);
    return new EntryLookup(snapshot, platform);
  }

  /** A block by its number. */
  async block(number: number): Promise<ValidatedBlock> {
    const validated = this.#kept.get(number) ?? (await readValidatedBlock(this.#snapshot, number, this.#platform));
    this.#kept.delete(number);
    this.#kept.set(number, validated);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT_BLOCKS) this.#kept.delete(oldest);
    return validated;
  }

  async find(path: string): Promise<FoundEntry | null> {
    const block = await this.#snapshot.blocks.blockOf(path);
    if (block === null) return null;
    const validated = await this.block(block.number);
    const { entries } = validated;
    const number = partitionPoint(entries.length, (i) => comparePaths((entries[i] as BlockEntry).path, path) <= 0) - 1;
    const entry = entries[number];
    return entry?.path === path ? { entry, number, validated } : null;
  }
}
