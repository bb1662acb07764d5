import { BLOCK, padded } from '../../format/entry.ts';
import { DIGEST_DIGITS, type IndexBlock } from '../../format/index-block.ts';
import { CHUNK } from '../../format/member-plan.ts';
import { comparePaths } from '../../format/path-order.ts';

const FILE = 'f'.charCodeAt(0);
const DIRECTORY = 'd'.charCodeAt(0);

/** What can be copied as one: a member and its entries, or a large file and the members that hold its pieces. Numbers are those of the block. */
export interface ParentUnit {
  block: IndexBlock;
  /** First entry, file, link and member, and piece if it is a large file. */
  entry: number;
  file: number;
  link: number;
  member: number;
  piece: number;
  /** How many entries and members. */
  entries: number;
  members: number;
  isLarge: boolean;
  /** Number of its first entry in the snapshot. */
  firstEntry: number;
  /** Where in the file its first member begins. */
  offset: number;
}

/** A member that may be copied. */
export interface StoredMember {
  offset: number;
  stored: number;
  raw: number;
  /** As it is in the file. */
  sha256: string;
  /** Of the content in it, for a piece of a large file; else empty. */
  pieceSha256: string;
}

/** Goes through the units of one block, in order. */
export class ParentUnits {
  readonly #block: IndexBlock;
  readonly #firstEntry: number;
  #unit: ParentUnit | null;
  #nextFile = 0;
  #nextLink = 0;

  /**
   * @param block of which the form was checked: entries and members fit together
   * @param firstEntry number of its first entry in the snapshot
   * @param offset where in the file its first member begins
   */
  constructor(block: IndexBlock, firstEntry: number, offset: number) {
    this.#block = block;
    this.#firstEntry = firstEntry;
    this.#unit = this.#unitAt({ entry: 0, member: 0, piece: 0, offset });
  }

  /** The first unit that does not begin before a path; null after the last one. */
  seek(path: string): ParentUnit | null {
    let unit = this.#unit;
    while (unit !== null && comparePaths(this.#block.path[unit.entry] as string, path) < 0) unit = this.#after(unit);
    this.#unit = unit;
    return unit;
  }

  #after({ entry, entries, member, members, piece, isLarge, offset }: ParentUnit): ParentUnit | null {
    let end = offset;
    for (let i = member; i < member + members; i++) end += this.#block.stored[i] as number;
    return this.#unitAt({
      entry: entry + entries,
      member: member + members,
      piece: isLarge ? piece + members : piece,
      offset: end,
    });
  }

  #unitAt(at: Pick<ParentUnit, 'entry' | 'member' | 'piece' | 'offset'>): ParentUnit | null {
    const block = this.#block;
    if (at.entry >= block.path.length) return null;
    const first = { ...at, block, file: this.#nextFile, link: this.#nextLink, firstEntry: this.#firstEntry + at.entry };
    let next = at.entry;
    for (let left = block.raw[at.member] as number; left > 0; next++) {
      const type = block.type.charCodeAt(next);
      const size = type === FILE ? (block.size[this.#nextFile++] as number) : 0;
      if (type !== FILE && type !== DIRECTORY) this.#nextLink++;
      left -= (block.header[next] as number) * BLOCK + padded(size);
      // It goes on in the members after this one.
      if (left < 0) return { ...first, entries: 1, members: Math.ceil(size / CHUNK), isLarge: true };
    }
    return { ...first, entries: next - at.entry, members: 1, isLarge: false };
  }
}

/** SHA-256 of the files of a unit, in hexadecimal, one after the other. */
export function contentDigests({ block, entry, entries, file }: ParentUnit): string {
  let files = 0;
  for (let i = entry; i < entry + entries; i++) if (block.type.charCodeAt(i) === FILE) files++;
  return block.sha256.slice(file * DIGEST_DIGITS, (file + files) * DIGEST_DIGITS);
}

/** The members of a unit, in order. */
export function* storedMembers({
  block,
  member,
  members,
  piece,
  isLarge,
  offset,
}: ParentUnit): Generator<StoredMember, void, void> {
  let at = offset;
  for (let i = 0; i < members; i++) {
    const stored = block.stored[member + i] as number;
    yield {
      offset: at,
      stored,
      raw: block.raw[member + i] as number,
      sha256: digestAt(block.storedSha256, member + i),
      pieceSha256: isLarge ? digestAt(block.pieceSha256, piece + i) : '',
    };
    at += stored;
  }
}

function digestAt(digests: string, number: number): string {
  return digests.slice(number * DIGEST_DIGITS, (number + 1) * DIGEST_DIGITS);
}
