import { BackupError } from '../../errors.ts';
import type { Compression, Totals } from '../../format/index-root.ts';
import { parseSeal, SEAL_LENGTH } from '../../format/seal.ts';
import { openSnapshot, type SealedSnapshot } from '../../read/open-snapshot.ts';
import type { RangeReader } from '../../storage/range-reader.ts';
import { toBuffer } from '../../storage/read-ahead.ts';
import type { Problem } from '../../validate/problem.ts';
import { formatPaths } from '../../validate/problem.ts';
import { RecycledBuffers } from '../../workers/recycled-buffers.ts';
import { readIntact } from './intact-members.ts';
import { ParentCursor } from './parent-cursor.ts';
import type { ParentUnit, StoredMember } from './parent-units.ts';

/** Something in a parent that is damaged or could not be read. */
export type ParentDamage = Pick<Problem, 'code' | 'message' | 'paths' | 'offset' | 'length'>;

/** An earlier snapshot of which members are copied into the one that is made. Whatever is wrong with it, the new one does without. */
export class Parent {
  /** As messages name it. */
  readonly name: string;
  /** When it was made, as its manifest has it. */
  readonly createdAt: string;
  readonly totals: Totals;
  /** SHA-256 of its index header, by which all of it is verified. */
  readonly rootSha256: Buffer;
  readonly damage: ParentDamage[] = [];
  /** What it is read from. */
  readonly source: RangeReader;
  readonly #cursor: ParentCursor;
  readonly #buffers = new RecycledBuffers();
  /** Reading failed for another reason than damage: it is not tried again. */
  #isLost = false;

  /**
   * @param compression what packs the new snapshot: other members than it would make are not copied
   * @returns why it cannot be used, in words for people
   */
  static async open(reader: RangeReader, compression: Compression): Promise<Parent | string> {
    try {
      const opened = await openSnapshot(reader);
      if (opened.kind === 'foreign') return 'it was not made by oxios-backup';
      if (!isSameCompression(opened.root.compression, compression))
        return 'it was packed by another version of zlib, or with other levels';
      const seal = parseSeal(await reader.read(reader.size - SEAL_LENGTH, SEAL_LENGTH));
      return seal === null ? 'it has no seal' : new Parent(opened, toBuffer(seal.rootSha256));
    } catch (error) {
      return failureOf(error).message;
    }
  }

  private constructor(snapshot: SealedSnapshot, rootSha256: Buffer) {
    this.name = snapshot.source.name;
    this.createdAt = snapshot.manifest.created_at;
    this.totals = snapshot.root.totals;
    this.rootSha256 = rootSha256;
    this.source = snapshot.source;
    this.#cursor = new ParentCursor(snapshot.index, snapshot.blocks, (error) => this.#lose(error));
  }

  /** What of it begins with a path, of paths asked for in their order. */
  async find(path: string): Promise<ParentUnit | null> {
    return this.#isLost ? null : this.#cursor.find(path);
  }

  /** The block of its index that begins with a path, encoded, if it was read lately. */
  encodedBlock(first: string): Uint8Array | null {
    return this.#cursor.encodedBlock(first);
  }

  /**
   * Reads members that lie one after the other.
   *
   * @param pathsOf for the report: the entries in one of them
   * @returns the bytes of each; null for one that is damaged or cannot be read, which is noted
   */
  async read(members: readonly StoredMember[], pathsOf: (member: number) => string[]): Promise<(Uint8Array | null)[]> {
    let read: (Uint8Array | null)[];
    try {
      if (this.#isLost) return members.map(() => null);
      read = await readIntact(this.source, members, this.#buffers);
    } catch (error) {
      this.#lose(error);
      return members.map(() => null);
    }
    for (const [i, bytes] of read.entries()) {
      if (bytes !== null) continue;
      const { offset, stored } = members[i] as StoredMember;
      // A large file is tried once more, piece by piece.
      if (this.damage.some((known) => known.offset === offset)) continue;
      const paths = pathsOf(i);
      const message = `bytes ${offset} to ${offset + stored - 1} have not the SHA-256 of the index; they hold ${formatPaths(paths)}`;
      this.damage.push({ code: 'SNAPSHOT_DAMAGED', message, paths, offset, length: stored });
    }
    return read;
  }

  /** Takes back the memory of what `read` returned, which nobody uses any more. Without that it is collected some time. */
  giveBack(read: readonly (Uint8Array | null)[]): void {
    const member = read.find((each) => each !== null);
    // What else reads keeps what it has read.
    if (member && this.source.descriptor !== undefined) this.#buffers.give(member);
  }

  #lose(error: unknown): void {
    const failure = failureOf(error);
    // What is damaged is so in its place. What cannot be read may take long each time.
    if (failure.kind !== 'invalid') this.#isLost = true;
    this.damage.push({ code: failure.code, message: failure.message, paths: [] });
  }
}

/** An error that a parent may raise without keeping anybody from making a snapshot; all others are thrown on. */
function failureOf(error: unknown): BackupError {
  if (error instanceof BackupError && error.code !== 'ABORTED') return error;
  throw error;
}

function isSameCompression(a: Compression | null, b: Compression): boolean {
  if (a === null || a.library !== b.library || a.version !== b.version) return false;
  const names = Object.keys(b.levels);
  return names.length === Object.keys(a.levels).length && names.every((name) => a.levels[name] === b.levels[name]);
}
