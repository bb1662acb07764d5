import fs from 'node:fs';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { fromScratchError } from '../system-errors.ts';
import { isCandidate, type LargeFileOutput } from './large-file-output.ts';
import type { CopyCandidate } from './reuse/in-store-copies.ts';
import type { PackedMember } from './snapshot-body.ts';

/** Compressed bytes that are kept in memory; what comes after them goes into the scratch folder. */
const STAGED_IN_MEMORY = 4 * 1024 * 1024;

const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Left free in the scratch folder for the index, and for copies of databases. */
const RESERVE_BYTES = 64 * 1024 * 1024;

type StoredMember = Omit<PackedMember, 'member'> & { length: number };

/**
 * The members of a large file, set aside until its status is known: what has gone into a stream or an object cannot be rolled back. When
 * the scratch folder is full they go on to the snapshot, and so does what comes after them.
 */
export class StagedMembers implements LargeFileOutput {
  readonly isStaged = true;
  readonly #next: LargeFileOutput;
  readonly #scratch: () => string;
  #isPassing = false;
  readonly #inMemory: (PackedMember | CopyCandidate)[] = [];
  #memoryBytes = 0;
  /** Behind those in memory. */
  readonly #inFile: (StoredMember | CopyCandidate)[] = [];
  #fileBytes = 0;
  #file: { fd: number; path: string } | null = null;

  /**
   * @param next where they go in the end
   * @param scratch gives a folder of our own, deleted by its owner
   */
  constructor(next: LargeFileOutput, scratch: () => string) {
    this.#next = next;
    this.#scratch = scratch;
  }

  get canRollBack(): boolean {
    return !this.#isPassing;
  }

  async add(packed: PackedMember | CopyCandidate): Promise<void> {
    if (this.#isPassing) return this.#next.add(packed);
    if (isCandidate(packed)) {
      (this.#file === null ? this.#inMemory : this.#inFile).push(packed);
      return;
    }
    const { length } = packed.member;
    if (this.#file === null && this.#memoryBytes + length <= STAGED_IN_MEMORY) {
      this.#inMemory.push({ ...packed, member: Uint8Array.from(packed.member) });
      this.#memoryBytes += length;
      return;
    }
    if (this.#append(packed)) return;
    await this.commit();
    await this.#next.add(packed);
  }

  async rollback(): Promise<void> {
    this.release();
  }

  async commit(): Promise<void> {
    this.#isPassing = true;
    for (const packed of this.#inMemory.splice(0)) await this.#next.add(packed);
    let position = 0;
    for (const staged of this.#inFile) {
      if (isCandidate(staged)) {
        await this.#next.add(staged);
        continue;
      }
      const { length, ...rest } = staged;
      await this.#next.add({ ...rest, member: this.#readBack(length, position) });
      position += length;
    }
    this.release();
  }

  release(): void {
    this.#inMemory.length = 0;
    this.#inFile.length = 0;
    if (this.#file === null) return;
    const { fd, path } = this.#file;
    this.#file = null;
    // What it holds is not needed any more; what cannot be removed goes with the folder.
    try {
      fs.closeSync(fd);
      fs.rmSync(path, { force: true });
    } catch {}
  }

  /** @returns false when there is no room for it */
  #append({ member, ...rest }: PackedMember): boolean {
    const folder = this.#scratch();
    try {
      this.#file ??= open(path.join(folder, 'large-file'));
      for (let done = 0; done < member.length; )
        done += fs.writeSync(this.#file.fd, member, done, member.length - done, this.#fileBytes + done);
    } catch (error) {
      if (NO_ROOM.has((error as NodeJS.ErrnoException).code)) return false;
      throw fromScratchError(error, 'set a large file aside', folder);
    }
    this.#inFile.push({ ...rest, length: member.length });
    this.#fileBytes += member.length;
    return true;
  }

  #readBack(length: number, position: number): Buffer {
    const { fd } = this.#file as { fd: number };
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      let read: number;
      try {
        read = fs.readSync(fd, bytes, done, length - done, position + done);
      } catch (error) {
        throw fromScratchError(error, 'take up a large file again', this.#scratch());
      }
      if (read === 0) {
        throw new BackupError('IO', 'a large file that was set aside became shorter meanwhile', {
          path: this.#scratch(),
          hint: 'Something else writes to the folder for temporary files: choose another one.',
        });
      }
      done += read;
    }
    return bytes;
  }
}

function open(file: string): { fd: number; path: string } {
  return { fd: fs.openSync(file, 'w+', 0o600), path: file };
}

/**
 * Whether the members of a file can probably be set aside.
 *
 * @param size of the file in bytes
 * @param scratch gives the folder; asked for only where memory is not enough
 */
export function hasRoomToStage(size: number, scratch: () => string): boolean {
  if (size <= STAGED_IN_MEMORY) return true;
  const folder = scratch();
  try {
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize >= size + RESERVE_BYTES;
  } catch (error) {
    throw fromScratchError(error, 'see how much room there is', folder);
  }
}
