import { type BigIntStats, fstatSync, lstatSync } from 'node:fs';
import { closeQuietly } from '../system/close-quietly.ts';
import { type FileKey, isSameFile } from '../system/file-key.ts';
import { growingDetail, isTextFile, lastWholeLineOf, trimmedDetail } from './append-only.ts';
import type { FileIdentity, LiveSource } from './capture-item.ts';
import {
  attributesOf,
  CLOCK_TICK_MS,
  type FileAttributes,
  identityOf,
  isSameState,
  monotonicMs,
  waitForTick,
} from './file-state.ts';
import { openRegular, readExactly, readFailure } from './open-regular.ts';
import type { PathGuard } from './path-guard.ts';
import { type FileRead, isDoubtful } from './read-file.ts';
import { stillIdle } from './sqlite/idle-database.ts';
import type { SystemReason } from './system-reason.ts';

/** How the reading of a large file went. */
export interface LiveOutcome extends Pick<FileRead, 'status' | 'detail'> {
  /** It is a growing log, and was read to the middle of a line. */
  unfinished?: boolean;
}

export interface LiveFileOptions {
  /**
   * Guards against directories that became links; null trusts the path.
   *
   * @default null
   */
  place?: PathGuard | null;
  /**
   * When the scan had looked at it, by `monotonicMs`.
   *
   * @default just now
   */
  seenMs?: number;
  /**
   * It is known to be growing: its length is fixed at the last whole line, should it be text.
   *
   * @default false
   */
  wholeLines?: boolean;
}

/** Looks at a file that may just have been written to, until it was seen in one state for a tick. */
const STABLE_LOOKS = 4;

/**
 * A live file that is too large to be read at once: its length is fixed when it is opened, then it is read piece by
 * piece, and at the end it turns out whether it was unchanged meanwhile. Blocks the thread for each piece.
 */
export class LiveFile {
  /** Bytes that will be read. */
  readonly size: number;
  /** The attributes at the time of opening, where they are not those that the scan saw; else null. */
  readonly attributes: FileAttributes | null;
  /** The file that was opened, if it is another than the scan saw: other names of that one are not names of this one. */
  readonly replaced: FileKey | null;
  readonly #fd: number;
  readonly #source: LiveSource;
  readonly #first: BigIntStats;
  readonly #opened: FileIdentity;
  readonly #isBusyDatabase: boolean;
  /** Its times may not show that it was written to. */
  readonly #doubtful: boolean;
  #last: BigIntStats | null = null;
  #position = 0;
  #short = 0;

  /**
   * Opens the file and fixes its length.
   *
   * @returns what the system said when it could not be opened
   */
  static open(source: LiveSource, options: LiveFileOptions = {}): LiveFile | SystemReason {
    const { place, seenMs = monotonicMs() } = options;
    let fd: number | null = null;
    try {
      fd = source.held?.take() ?? openRegular(source.absolute);
      const { stat, stable } = waitUntilStable(fd, source, seenMs);
      if (stat.isFile() && !place?.hasLost(fd, stat, source)) return new LiveFile(fd, source, stat, stable, options);
      closeQuietly(fd);
      return { status: 'deleted', detail: 'something else took its place' };
    } catch (error) {
      if (fd !== null) closeQuietly(fd);
      return readFailure(error);
    }
  }

  private constructor(
    fd: number,
    source: LiveSource,
    stat: BigIntStats,
    stable: boolean,
    { wholeLines = false }: LiveFileOptions,
  ) {
    this.#fd = fd;
    this.#source = source;
    this.#first = stat;
    this.#opened = identityOf(stat);
    const asSeen = isSameState(stat, source.expect);
    this.attributes = asSeen ? null : attributesOf(stat);
    this.replaced = isSameFile(stat, source.expect) ? null : { dev: stat.dev, ino: stat.ino };
    const { size } = this.#opened;
    this.size = wholeLines && isTextFile(fd, size) ? lastWholeLineOf(fd, size) : size;
    this.#doubtful = !stable || isDoubtful({ ...source, expect: this.#opened }, Date.now());
    this.#isBusyDatabase = source.idleDatabase && !asSeen && !stillIdle(source.absolute);
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

  /** Back to the first byte, with the same length. */
  rewind(): void {
    this.#position = 0;
    this.#short = 0;
  }

  /**
   * Whether only a second reading shows how it went: the file is longer by now, so that this may be all that happened to it,
   * or its times do not show.
   */
  needsSecondReading(): boolean {
    if (this.#doubtful) return true;
    try {
      const stat = fstatSync(this.#fd, { bigint: true });
      if (Number(stat.size) > this.#opened.size) return true;
      // What happens after that moment no longer matters.
      this.#last = stat;
    } catch {
      // Reported by `finish`.
    }
    return false;
  }

  /**
   * Says how it went, and closes the file.
   *
   * @param stable whether a second reading gave the same, where one was needed
   */
  finish(stable = false): LiveOutcome {
    try {
      return this.#validator(this.#last ?? fstatSync(this.#fd, { bigint: true }), stable);
    } catch (error) {
      return { status: 'inconsistent', detail: readFailure(error).detail };
    } finally {
      this.close();
    }
  }

  /** Gives up. */
  close(): void {
    closeQuietly(this.#fd);
  }

  #validator(stat: BigIntStats, stable: boolean): LiveOutcome {
    if (this.#short > 0) {
      return {
        status: 'inconsistent',
        detail: `it became shorter while it was read: ${this.#short} bytes are zeros instead`,
      };
    }
    if (this.#isBusyDatabase) return { status: 'inconsistent', detail: 'the database was being written to' };
    const cut = this.#opened.size - this.size;
    if (isSameState(stat, this.#opened) || this.#isExplained(stat)) {
      if (this.#doubtful && !stable) return { status: 'inconsistent', detail: 'two readings of it were not the same' };
      if (this.#goesOn()) return { status: 'inconsistent', detail: 'it holds more than its size says' };
      return cut > 0 ? { status: 'truncated', detail: trimmedDetail(cut) } : { status: 'ok', detail: '' };
    }
    const onlyGrew = stable && Number(stat.size) > this.#opened.size;
    if (!onlyGrew) return { status: 'inconsistent', detail: 'it changed while it was read' };
    if (!isTextFile(this.#fd, this.size)) return { status: 'inconsistent', detail: growingDetail(this.size) };
    const unfinished = lastWholeLineOf(this.#fd, this.size) < this.size;
    return { status: 'truncated', detail: trimmedDetail(cut, unfinished), unfinished };
  }

  /** Whether there is content beyond the size that is stated. */
  #goesOn(): boolean {
    return readExactly(this.#fd, Buffer.alloc(1), 0, 1, this.#opened.size) > 0;
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
}

/**
 * Looks at an open file until a write that comes later must show in its times.
 *
 * @returns `stable` when that happened
 */
function waitUntilStable(fd: number, { expect }: LiveSource, seenMs: number): { stat: BigIntStats; stable: boolean } {
  let stat = fstatSync(fd, { bigint: true });
  let sinceMs = isSameState(stat, expect) ? seenMs : monotonicMs();
  for (let look = 0; look < STABLE_LOOKS; look++) {
    const left = sinceMs + CLOCK_TICK_MS - monotonicMs();
    if (left <= 0) return { stat, stable: true };
    waitForTick(sinceMs);
    const now = fstatSync(fd, { bigint: true });
    if (!isSameState(now, identityOf(stat))) sinceMs = monotonicMs();
    stat = now;
  }
  return { stat, stable: false };
}
