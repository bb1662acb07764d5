import { BackupError } from '../../errors.ts';
import { BLOCK, type Entry, padded } from '../../format/entry.ts';
import { CHUNK } from '../../format/member-plan.ts';
import { comparePaths } from '../../format/path-order.ts';
import { TarParser } from '../../read/foreign/tar-parser.ts';
import { formatPaths, type Problem } from '../../validate/problem.ts';
import type { SalvageWriter } from './salvage-writer.ts';

const END_OF_TAR = Buffer.alloc(2 * BLOCK);

interface LargeFile {
  entry: Entry;
  /** Content still to come. */
  left: number;
  /** Whether all that came before is intact. */
  intact: boolean;
}

/**
 * Takes entries out of members of which no index says what they hold. It relies on the format: a member begins with an entry and
 * holds whole ones, or a piece of a large file in the length that the file's header makes it have.
 */
export class MemberEntries {
  readonly #writer: SalvageWriter;
  readonly #problems: Problem[];
  #large: LargeFile | null = null;
  #last: string | null = null;

  constructor(writer: SalvageWriter, problems: Problem[]) {
    this.#writer = writer;
    this.#problems = problems;
  }

  /** Takes the tar bytes of the next member. */
  take(tar: Buffer, offset: number, length: number): void {
    if (this.#large !== null && this.#continueLarge(this.#large, tar)) return;
    this.#breakOff('what follows in the snapshot does not continue it');
    const held = entriesOf(tar);
    if (held === null) {
      this.#problems.push({
        code: 'TAR_INVALID',
        message: `a member holds no entry from its beginning on: a piece of a large file whose beginning is lost, as it seems (bytes ${offset} to ${offset + length - 1})`,
        paths: [],
        offset,
        length,
      });
      return;
    }
    for (const { entry, content } of held) {
      const path = entry.type === 'directory' ? entry.path.replace(/\/$/, '') : entry.path;
      if (this.#last !== null && comparePaths(this.#last, path) >= 0) {
        this.#writer.lose(path, `${formatPaths([path])} is in the wrong place of the snapshot`, entry.type);
        continue;
      }
      this.#last = path;
      if (content.length === entry.size) {
        this.#writer.whole({ ...entry, path }, content);
        continue;
      }
      this.#writer.begin(entry);
      this.#writer.part(entry, content);
      this.#large = { entry, left: entry.size - content.length, intact: true };
    }
  }

  /** Skips what cannot be read: one member (`single`), or an unknown number. */
  skip(single: boolean, reason: string): void {
    const large = this.#large;
    if (large === null) return;
    this.#spoil(large, reason);
    if (!single) {
      this.#large = null;
      return;
    }
    large.left -= Math.min(CHUNK, large.left);
    if (large.left === 0) this.#large = null;
  }

  /** Says that there are no more members. */
  finish(): void {
    this.#breakOff('the snapshot ends before it does');
  }

  #breakOff(reason: string): void {
    if (this.#large !== null) this.#spoil(this.#large, reason);
    this.#large = null;
  }

  #spoil(large: LargeFile, reason: string): void {
    if (large.intact) this.#writer.abandon(reason);
    large.intact = false;
  }

  /** @returns whether the member is the next piece of the file */
  #continueLarge(large: LargeFile, tar: Buffer): boolean {
    const { entry, left } = large;
    const expected = left > CHUNK ? CHUNK : left + padded(entry.size) - entry.size;
    if (tar.length !== expected) return false;
    const content = tar.subarray(0, Math.min(CHUNK, left));
    large.left -= content.length;
    if (large.intact) {
      this.#writer.part(entry, content);
      if (large.left === 0) this.#writer.end(entry, true);
    }
    if (large.left === 0) this.#large = null;
    return true;
  }
}

interface HeldEntry {
  entry: Entry;
  content: Buffer;
}

/** The entries of a member, the last one perhaps a large file that further members continue; null when it holds something else. */
function entriesOf(tar: Buffer): HeldEntry[] | null {
  const held: HeldEntry[] = [];
  let ended = 0;
  const parser = new TarParser(
    {
      begin: (entry) => held.push({ entry, content: Buffer.alloc(0) }),
      part(_entry, content) {
        const last = held.at(-1) as HeldEntry;
        last.content = last.content.length === 0 ? content : Buffer.concat([last.content, content]);
      },
      end: () => ended++,
    },
    true,
  );
  try {
    parser.push(tar);
    const last = held.at(-1);
    const continues = held.length === 1 && ended === 0 && last?.content.length === CHUNK && last.entry.size > CHUNK;
    if (continues) return held;
    // The tar may end after whole entries, and nowhere else.
    parser.push(END_OF_TAR);
    parser.finish();
    return held;
  } catch (error) {
    if (error instanceof BackupError) return null;
    throw error;
  }
}
