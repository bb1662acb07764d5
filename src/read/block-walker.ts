import { createHash, type Hash, hash } from 'node:crypto';
import { BLOCK, padded } from '../format/entry.ts';
import type { BlockEntry } from '../format/index-block.ts';
import { encodeHeader, MAX_HEADER_BLOCKS } from '../format/tar-header.ts';
import { formatPaths, type Problem } from '../validate/problem.ts';
import { ProblemList } from '../validate/problem-list.ts';
import { areZero, startsAt, wordsOf } from './words.ts';

/** Takes entries as they come out of their members. Content is lent: its memory may be gone when the call has returned. */
export interface EntrySink {
  /** An entry that is verified, with all of its content (none for what is not a file). */
  whole(entry: BlockEntry, content: Buffer): void;
  /** A file that several members hold begins. */
  begin(entry: BlockEntry): void;
  /** The next part of its content. */
  part(entry: BlockEntry, content: Buffer): void;
  /** It ends. What was taken is to be thrown away unless `verified`. */
  end(entry: BlockEntry, verified: boolean): void;
}

/** More than the entries of a block can have: only the members of a very large file come to so many. */
const MOST_OF_BLOCK = 40_000;

interface OpenFile {
  entry: BlockEntry;
  hash: Hash;
  /** Content still to come. */
  left: number;
}

function tarLength(entry: BlockEntry): number {
  return entry.headerBlocks * BLOCK + padded(entry.size);
}

/**
 * Goes through the tar bytes of one block of the index, member after member, and verifies each entry against the index: header,
 * content, padding. What the index says is known to be valid in itself; the tar bytes are not.
 */
export class BlockWalker {
  readonly #entries: readonly BlockEntry[];
  readonly #sink: EntrySink | null;
  readonly #selected: ((index: number) => boolean) | null;
  readonly found = new ProblemList(MOST_OF_BLOCK);
  #next = 0;
  #open: OpenFile | null = null;
  /** Tar bytes of the open entry that are yet to come after a member that was skipped. */
  #lost = 0;
  /** The tar bytes of the member at hand. */
  #words: Int32Array | null = null;

  /**
   * @param sink takes what is verified; without one the block is only checked
   * @param selected which entries the sink is given; all without it
   */
  constructor(
    entries: readonly BlockEntry[],
    sink: EntrySink | null = null,
    selected: ((index: number) => boolean) | null = null,
  ) {
    this.#entries = entries;
    this.#sink = sink;
    this.#selected = selected;
  }

  get problems(): Problem[] {
    return this.found.problems;
  }

  /** Whether the sink wants any entry of which the next `raw` tar bytes hold a part. */
  wants(raw: number): boolean {
    return this.#selected === null || this.#ahead(raw).some((index) => this.#isSelected(index));
  }

  /** Paths of the entries of which the next `raw` tar bytes hold a part. */
  pathsAhead(raw: number): string[] {
    return this.#ahead(raw).map((index) => (this.#entries[index] as BlockEntry).path);
  }

  /** Tar bytes of the current entry that are yet to come. */
  #rest(): number {
    if (this.#open === null) return this.#lost;
    const { entry, left } = this.#open;
    return left + padded(entry.size) - entry.size;
  }

  #ahead(raw: number): number[] {
    let room = raw - this.#rest();
    const indexes = this.#rest() > 0 ? [this.#next - 1] : [];
    for (let i = this.#next; room > 0 && i < this.#entries.length; i++) {
      indexes.push(i);
      room -= tarLength(this.#entries[i] as BlockEntry);
    }
    return indexes;
  }

  /** Passes over `raw` tar bytes that are damaged or not wanted. Entries of which a part lies there are not verified. */
  skip(raw: number): void {
    let room = raw;
    this.#lost = this.#rest();
    if (this.#open !== null) {
      if (this.#isSelected(this.#next - 1)) this.#sink?.end(this.#open.entry, false);
      this.#open = null;
    }
    const passed = Math.min(room, this.#lost);
    this.#lost -= passed;
    room -= passed;
    while (room > 0 && this.#next < this.#entries.length) {
      const entry = this.#entries[this.#next++] as BlockEntry;
      const length = tarLength(entry);
      this.#lost = Math.max(0, length - room);
      room -= Math.min(room, length);
    }
  }

  /** Takes the tar bytes of the next member. */
  feed(tar: Buffer): void {
    this.#words = wordsOf(tar);
    let at = 0;
    if (this.#lost > 0) {
      at = Math.min(this.#lost, tar.length);
      this.#lost -= at;
    }
    if (this.#open !== null) at = this.#continueFile(tar, at);
    while (at < tar.length && this.#next < this.#entries.length) at = this.#beginEntry(tar, at);
    if (at !== tar.length)
      this.#problem('INDEX_MISMATCH', 'a member of the snapshot holds other entries than the index says', '');
  }

  #beginEntry(tar: Buffer, start: number): number {
    const index = this.#next++;
    const entry = this.#entries[index] as BlockEntry;
    const headerLength = entry.headerBlocks * BLOCK;
    const at = start + headerLength;
    if (!headerAgrees(entry, tar, start, this.#words)) {
      this.#problem(
        'INDEX_MISMATCH',
        `the tar header of ${formatPaths([entry.path])} is not the one that the index makes`,
        entry.path,
      );
      this.#lost = Math.max(0, at + padded(entry.size) - tar.length);
      return Math.min(at + padded(entry.size), tar.length);
    }
    const selected = this.#isSelected(index);
    const end = at + padded(entry.size);
    if (end > tar.length) {
      if (entry.type === 'file') {
        this.#open = { entry, hash: createHash('sha256'), left: entry.size };
        if (selected) this.#sink?.begin(entry);
      }
      return this.#continueFile(tar, at);
    }
    const content = tar.subarray(at, at + entry.size);
    if (entry.type === 'file') {
      const verified = hash('sha256', content) === entry.sha256 && this.#padding(tar, at + entry.size, end, entry.path);
      if (!verified) {
        if (this.problems.at(-1)?.paths[0] !== entry.path) this.#contentProblem(entry.path);
        return end;
      }
    }
    if (selected) this.#sink?.whole(entry, content);
    return end;
  }

  #continueFile(tar: Buffer, at: number): number {
    const open = this.#open as OpenFile;
    const { entry } = open;
    const part = tar.subarray(at, at + Math.min(open.left, tar.length - at));
    const selected = this.#isSelected(this.#next - 1);
    open.hash.update(part);
    open.left -= part.length;
    if (selected && part.length > 0) this.#sink?.part(entry, part);
    const contentEnd = at + part.length;
    if (open.left > 0) return contentEnd;
    const end = contentEnd + padded(entry.size) - entry.size;
    if (end > tar.length) {
      // Padding that lies in the next member: the format never cuts there.
      this.#problem('INDEX_MISMATCH', `a member ends inside the padding of ${formatPaths([entry.path])}`, entry.path);
      this.#lost = end - tar.length;
      this.#open = null;
      if (selected) this.#sink?.end(entry, false);
      return tar.length;
    }
    const isIntact = open.hash.digest('hex') === entry.sha256;
    if (!isIntact) this.#contentProblem(entry.path);
    const verified = this.#padding(tar, contentEnd, end, entry.path) && isIntact;
    this.#open = null;
    if (selected) this.#sink?.end(entry, verified);
    return end;
  }

  #padding(tar: Buffer, from: number, to: number, path: string): boolean {
    if (areZero(tar, this.#words, from, to)) return true;
    this.#problem('TAR_INVALID', `the padding after ${formatPaths([path])} is not zero`, path);
    return false;
  }

  #isSelected(index: number): boolean {
    return this.#selected === null || this.#selected(index);
  }

  #contentProblem(path: string): void {
    this.#problem('CONTENT_MISMATCH', `the content of ${formatPaths([path])} has not the SHA-256 of the index`, path);
  }

  #problem(code: Problem['code'], message: string, path: string): void {
    this.found.add({ code, message, paths: path === '' ? [] : [path] });
  }
}

const expectedHeader = Buffer.alloc(MAX_HEADER_BLOCKS * BLOCK);
const expectedWords = wordsOf(expectedHeader);

/**
 * Whether the header blocks of an entry, at `offset` of the tar bytes, are those that its row of the index makes.
 *
 * @param words those of the tar bytes, if there are any
 */
export function headerAgrees(
  entry: BlockEntry,
  tar: Buffer,
  offset: number,
  words: Int32Array | null = wordsOf(tar),
): boolean {
  const length = entry.headerBlocks * BLOCK;
  // An index can name what is too long for any header; none of it must be encoded.
  if (length > expectedHeader.length || offset + length > tar.length) return false;
  encodeHeader(entry, expectedHeader, 0, entry.headerBlocks);
  if (words !== null && expectedWords !== null && offset % 4 === 0)
    return startsAt(expectedWords, words, offset, length);
  return expectedHeader.compare(tar, offset, offset + length, 0, length) === 0;
}
