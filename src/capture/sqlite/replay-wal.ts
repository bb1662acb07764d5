import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { endianness } from 'node:os';
import { closeQuietly } from '../../system/close-quietly.ts';
import { StepClock } from '../../workers/step-clock.ts';
import { openRegular, readExactly } from '../open-regular.ts';
import { writeExactly } from '../write-exactly.ts';

// https://sqlite.org/fileformat2.html#the_write_ahead_log
export const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The lowest bit says whether checksums go over big-endian words. */
const WAL_MAGIC = 0x377f0682;

/**
 * Writes what is committed in a WAL into its database, as a checkpoint would. For private copies of both.
 *
 * @param database path of the database, which becomes whole in itself
 * @param wal path of its WAL, which is only read
 */
export async function replayWal(database: string, wal: string, signal?: AbortSignal): Promise<void> {
  const walFd = openSync(wal, 'r');
  try {
    const commits = await findCommits(walFd, new StepClock(signal));
    if (commits === null) return;
    const databaseFd = openSync(database, 'r+');
    try {
      await applyFrames(walFd, databaseFd, commits, new StepClock(signal));
      ftruncateSync(databaseFd, commits.databasePages * commits.pageSize);
    } finally {
      closeSync(databaseFd);
    }
  } finally {
    closeSync(walFd);
  }
}

/** Whether a WAL that is not being written to holds anything that is committed. Throws what the system says. */
export async function holdsCommits(wal: string, signal?: AbortSignal): Promise<boolean> {
  const fd = openRegular(wal);
  try {
    return (await findCommits(fd, new StepClock(signal))) !== null;
  } finally {
    closeQuietly(fd);
  }
}

/** What of a WAL counts: its frames up to the last whole commit. */
interface Commits {
  pageSize: number;
  frames: number;
  /** Pages of the database after the last commit. */
  databasePages: number;
}

/** Follows the chain of checksums, which ends where the writer was, or where an older generation of frames begins. */
async function findCommits(fd: number, clock: StepClock): Promise<Commits | null> {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  if (readExactly(fd, header, 0, WAL_HEADER_BYTES, 0) < WAL_HEADER_BYTES) return null;
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) >>> 0 !== WAL_MAGIC) return null;
  const pageSize = header.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return null;
  const checksum = new WalChecksum((magic & 1) === 1);
  checksum.update(header, 0, 24);
  if (!checksum.equals(header, 24)) return null;

  const commits: Commits = { pageSize, frames: 0, databasePages: 0 };
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + pageSize);
  for (let index = 0; ; index++) {
    if (readExactly(fd, frame, 0, frame.length, frameOffset(index, pageSize)) < frame.length) break;
    // The salts, which change with each generation.
    if (frame.compare(header, 16, 24, 8, 16) !== 0) break;
    checksum.update(frame, 0, 8);
    checksum.update(frame, FRAME_HEADER_BYTES, pageSize);
    if (!checksum.equals(frame, 16) || frame.readUInt32BE(0) === 0) break;
    const databasePages = frame.readUInt32BE(4);
    if (databasePages !== 0) {
      commits.frames = index + 1;
      commits.databasePages = databasePages;
    }
    await clock.step(pageSize);
  }
  return commits.frames === 0 ? null : commits;
}

async function applyFrames(walFd: number, databaseFd: number, commits: Commits, clock: StepClock): Promise<void> {
  const { frames, pageSize } = commits;
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + pageSize);
  for (let index = 0; index < frames; index++) {
    readExactly(walFd, frame, 0, frame.length, frameOffset(index, pageSize));
    writeExactly(databaseFd, frame, FRAME_HEADER_BYTES, pageSize, (frame.readUInt32BE(0) - 1) * pageSize);
    await clock.step(pageSize);
  }
}

function frameOffset(index: number, pageSize: number): number {
  return WAL_HEADER_BYTES + index * (FRAME_HEADER_BYTES + pageSize);
}

/** The running checksum of a WAL, over pairs of 32-bit words. */
class WalChecksum {
  readonly #swap: boolean;
  #first = 0;
  #second = 0;

  constructor(bigEndian: boolean) {
    this.#swap = bigEndian !== (endianness() === 'BE');
  }

  update(buffer: Buffer, offset: number, length: number): void {
    // A copy: aligned for the view, and free to be swapped.
    const bytes = Buffer.from(Uint8Array.prototype.slice.call(buffer, offset, offset + length).buffer);
    if (this.#swap) bytes.swap32();
    const words = new Uint32Array(bytes.buffer, 0, length / 4);
    let first = this.#first;
    let second = this.#second;
    for (let i = 0; i < words.length; i += 2) {
      first = (first + (words[i] ?? 0) + second) | 0;
      second = (second + (words[i + 1] ?? 0) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  equals(buffer: Buffer, offset: number): boolean {
    return buffer.readInt32BE(offset) === this.#first && buffer.readInt32BE(offset + 4) === this.#second;
  }
}
