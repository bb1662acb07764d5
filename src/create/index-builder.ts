import { BlockBuilder } from '../format/block-builder.ts';
import type { BlockEntry, IndexBlock, WrittenMember } from '../format/index-block.ts';
import type { BlockRow } from '../format/index-page.ts';
import type { Totals } from '../format/index-root.ts';
import { EntryTotals } from './entry-totals.ts';

/** A block is closed when it has this many entries, or covers this many tar bytes: as much as one thread is given at a time. */
const BLOCK_ENTRIES = 4096;
const BLOCK_TAR_BYTES = 16 * 1024 * 1024;
/** Or when paths and targets in it have this many characters: in JSON a character takes six bytes at most. */
const BLOCK_NAMES = 4 * 1024 * 1024;

/** A block whose members and entries are complete. */
export interface ClosedBlock {
  block: IndexBlock;
  row: Omit<BlockRow, 'length' | 'sha256'>;
}

/** Collects entries and members in the order of the snapshot, and closes blocks of them. */
export class IndexBuilder {
  readonly #counted = new EntryTotals();
  #block = new BlockBuilder();
  #raw = 0;
  #names = 0;
  #offset: number;
  readonly #onEntry: (entry: BlockEntry) => void;

  /**
   * @param offset where in the file the first member of entries begins
   * @param onEntry called with each entry
   */
  constructor(offset: number, onEntry: (entry: BlockEntry) => void) {
    this.#offset = offset;
    this.#onEntry = onEntry;
  }

  get totals(): Totals {
    return this.#counted.totals;
  }

  /** Documents by section. */
  get sections(): ReadonlyMap<string, number> {
    return this.#counted.sections;
  }

  /** Members of the current block. */
  get members(): number {
    return this.#block.members.length;
  }

  addMember(member: WrittenMember): void {
    this.#block.addMember(member);
    this.#raw += member.raw;
  }

  /** Forgets the members after the first `count` of the current block: they were rolled back. */
  dropMembers(count: number): void {
    for (const { raw } of this.#block.dropMembers(count)) this.#raw -= raw;
  }

  addEntry(entry: BlockEntry): void {
    this.#block.addEntry(entry);
    this.#onEntry(entry);
    this.#names += entry.path.length + (entry.link?.length ?? 0);
    this.#counted.add(entry);
  }

  /** Called where a member ends with an entry. @returns the block, if that closes one */
  endUnit(): ClosedBlock | null {
    const isFull = this.#block.entries >= BLOCK_ENTRIES || this.#raw >= BLOCK_TAR_BYTES || this.#names >= BLOCK_NAMES;
    return isFull ? this.close() : null;
  }

  /** Closes the current block, if there is anything in it. */
  close(): ClosedBlock | null {
    const { first, entries, members } = this.#block;
    if (first === undefined) return null;
    const stored = members.reduce((sum, member) => sum + member.stored, 0);
    const closed: ClosedBlock = {
      block: this.#block.build(),
      row: { first, entries, members: members.length, offset: this.#offset, stored, raw: this.#raw },
    };
    this.#offset += stored;
    this.#block = new BlockBuilder();
    this.#raw = 0;
    this.#names = 0;
    return closed;
  }
}
