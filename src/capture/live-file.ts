import { type BigIntStats, fstatSync, lstatSync } from 'node:fs';
import { lastWholeLineOf } from './append-only.ts';
import type { FileIdentity, LiveSource } from './capture-item.ts';
import {
  attributesOf,
  type FileAttributes,
  identityOf,
  isSameFile,
  isSameState,
  isTooFresh,
  waitForClockTick,
} from './file-state.ts';
import { closeQuietly, openRegular, readExactly, readFailure } from './open-regular.ts';
import type { FileRead } from './read-file.ts';
import type { RealPlace } from './real-place.ts';
import { stillQuiet } from './sqlite/quiet-database.ts';
import type { SystemReason } from './system-reason.ts';

/** How much of either end of a growing log is compared to tell growth from rewriting. */
const PROBE_BYTES = 4096;

/**
 * A live file that is too large to be read at once: its length is fixed when it is opened, then it is read piece by
 * piece, and at the end it turns out whether it stood still meanwhile. Blocks the thread for each piece.
 */
export class LiveFile {
  /** Bytes that will be read. */
  readonly size: number;
  /** The attributes at the time of opening, where they are not those that the scan saw; else null. */
  readonly attributes: FileAttributes | null;
  /** Another file than the scan saw has taken the name: other names of that one are not names of this one. */
  readonly replaced: boolean;
  readonly #fd: number;
  readonly #source: LiveSource;
  readonly #first: BigIntStats;
  readonly #opened: FileIdentity;
  /** First and last bytes of a log as they were when it was opened. */
  readonly #head: Buffer;
  readonly #tail: Buffer;
  readonly #restless: boolean;
  #position = 0;
  #short = 0;

  /**
   * Opens the file and fixes its length.
   *
   * @param place guards against directories that became links; null trusts the path
   * @returns what the system said when it could not be opened
   */
  static open(source: LiveSource, place: RealPlace | null = null): LiveFile | SystemReason {
    let fd: number | null = null;
    try {
      fd = source.held?.take() ?? openRegular(source.absolute);
      let stat = fstatSync(fd, { bigint: true });
      if (isTooFresh(stat.mtimeNs, Date.now())) {
        waitForClockTick();
        stat = fstatSync(fd, { bigint: true });
      }
      if (stat.isFile() && !place?.hasLost(fd, stat, source)) return new LiveFile(fd, source, stat);
      closeQuietly(fd);
      return { verdict: 'vanished', detail: 'something else took its place' };
    } catch (error) {
      if (fd !== null) closeQuietly(fd);
      return readFailure(error);
    }
  }

  private constructor(fd: number, source: LiveSource, stat: BigIntStats) {
    this.#fd = fd;
    this.#source = source;
    this.#first = stat;
    this.#opened = identityOf(stat);
    const asSeen = isSameState(stat, source.expect);
    this.attributes = asSeen ? null : attributesOf(stat);
    this.replaced = !isSameFile(stat, source.expect);
    this.size = source.appendOnly ? lastWholeLineOf(fd, this.#opened.size) : this.#opened.size;
    this.#head = source.appendOnly ? this.#probe(0) : Buffer.alloc(0);
    this.#tail = source.appendOnly ? this.#probe(this.size - PROBE_BYTES) : Buffer.alloc(0);
    this.#restless = source.quietDatabase && !asSeen && !stillQuiet(source.absolute);
  }

  /**
   * Reads the next bytes.
   *
   * @param into filled from `offset` with `length` bytes; of a file that became shorter than it was, the rest is zeros
   * @returns the number of bytes filled: `length`, or what is left up to `size`
   * @throws what the system says
   */
  read(into: Buffer, offset: number, length: number): number {
    const wanted = Math.min(length, this.size - this.#position);
    const read = readExactly(this.#fd, into, offset, wanted, this.#position);
    if (read < wanted) {
      into.fill(0, offset + read, offset + wanted);
      this.#short += wanted - read;
    }
    this.#position += wanted;
    return wanted;
  }

  /** Back to the first byte, with the same length: for another attempt. */
  rewind(): void {
    this.#position = 0;
    this.#short = 0;
  }

  /** Says how it went, and closes the file. */
  finish(): Pick<FileRead, 'verdict' | 'detail'> {
    try {
      return this.#judge(fstatSync(this.#fd, { bigint: true }));
    } catch (error) {
      return { verdict: 'changed', detail: readFailure(error).detail };
    } finally {
      this.close();
    }
  }

  /** Gives up. */
  close(): void {
    closeQuietly(this.#fd);
  }

  #judge(stat: BigIntStats): Pick<FileRead, 'verdict' | 'detail'> {
    const { appendOnly, expect } = this.#source;
    const now = Number(stat.size);
    if (this.#short > 0) {
      return {
        verdict: 'changed',
        detail: `it became shorter while it was read: ${this.#short} bytes are zeros instead`,
      };
    }
    if (this.#restless) return { verdict: 'changed', detail: 'the database was being written to' };
    const untouched = isSameState(stat, this.#opened) || this.#isExplained(stat);
    if (!untouched && !(appendOnly && this.#onlyGrew(stat))) {
      return { verdict: 'changed', detail: 'it changed while it was read' };
    }
    if (!appendOnly) return { verdict: 'clean', detail: '' };
    if (!isSameFile(stat, expect) && this.#opened.size < expect.size) {
      return { verdict: 'changed', detail: 'a shorter file took its place: what it held before may be missing' };
    }
    const cut = this.#opened.size - this.size;
    if (cut > 0) return { verdict: 'trimmed', detail: `its last line was not whole: ${cut} bytes left out` };
    if (now > this.#opened.size || (isSameFile(stat, expect) && this.#opened.size > expect.size)) {
      return { verdict: 'trimmed', detail: 'it is growing; captured as long as it was when opened' };
    }
    return { verdict: 'clean', detail: '' };
  }

  /**
   * Whether something else than a write moved the change time: the file was replaced, deleted, renamed, or given another
   * owner or mode. Its bytes are still those that were there when it was opened.
   */
  #isExplained(stat: BigIntStats): boolean {
    if (stat.mtimeNs !== this.#first.mtimeNs || stat.size !== this.#first.size) return false;
    const { nlink, mode, uid, gid } = this.#first;
    if (stat.nlink !== nlink || stat.mode !== mode || stat.uid !== uid || stat.gid !== gid) return true;
    const there = lstatSync(this.#source.absolute, { bigint: true, throwIfNoEntry: false });
    return there === undefined || !isSameFile(there, this.#opened);
  }

  /** Whether all that happened to a log is that lines were added. */
  #onlyGrew(stat: BigIntStats): boolean {
    const size = Number(stat.size);
    const rewritten = size === this.#opened.size && stat.mtimeNs !== this.#opened.mtimeNs;
    if (size < this.#opened.size || rewritten) return false;
    return this.#probe(0).equals(this.#head) && this.#probe(this.size - PROBE_BYTES).equals(this.#tail);
  }

  #probe(position: number): Buffer {
    const start = Math.max(0, position);
    const probe = Buffer.alloc(Math.min(PROBE_BYTES, this.size - start));
    return probe.subarray(0, readExactly(this.#fd, probe, 0, probe.length, start));
  }
}
