import { hash } from 'node:crypto';
import { type BigIntStats, fstatSync } from 'node:fs';
import { closeQuietly } from '../system/close-quietly.ts';
import { type FileKey, isSameFile } from '../system/file-key.ts';
import { GrowthWatch, growingDetail, isText, isUnfinishedText, lastWholeLine, trimmedDetail } from './append-only.ts';
import type { FileIdentity, LiveSource } from './capture-item.ts';
import {
  attributesOf,
  CLOCK_TICK_MS,
  type FileAttributes,
  identityOf,
  isCoarselyFresh,
  isSameState,
  isWithinGranularity,
  monotonicMs,
  pause,
} from './file-state.ts';
import { openRegular, readExactly, readFailure } from './open-regular.ts';
import type { PathGuard } from './path-guard.ts';
import { readOn, readStated } from './read-to-end.ts';
import { stillIdle } from './sqlite/idle-database.ts';
import type { SystemReason } from './system-reason.ts';

/** A file that was read into memory. */
export interface FileRead {
  status: 'ok' | 'retried' | 'truncated' | 'inconsistent';
  /** What happened, for every status but `ok`. */
  detail: string;
  size: number;
  /** The content where it did not fit into the caller's buffer; null: it is in that buffer, from the offset that was given. */
  overflow: Buffer | null;
  /** The attributes of what was read, where they are not those that the scan saw; else null. */
  attributes: FileAttributes | null;
  /** The file that was read, if it is another than the scan saw: other names of that one are not names of this one. */
  replaced: FileKey | null;
}

export type ReadResult = FileRead | SystemReason;

/** How a reading went, with the size of what of it is kept where that is not all. */
type Validation = Pick<FileRead, 'status' | 'detail'> & { size?: number };

/** How long to wait before each further attempt. A writer of small files is done in one of these pauses. */
const PAUSES_MS = [2, 8, 15, 25];

/** A file that the scan saw as a small one and that has grown beyond this is not drawn into memory any more. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Holds the second reading of a file that is too fresh to trust its timestamps. */
let twin = Buffer.allocUnsafeSlow(64 * 1024);

/** What an earlier reading found, of a file whose timestamps do not show whether it was written to. */
export interface EarlierReading {
  /** Empty for one that could not be read. */
  sha256: string;
  /** When it ended, by `monotonicMs`. */
  atMs: number;
}

/** Distinguishes a file that was read from one that is lost. */
export function isRead(result: ReadResult): result is FileRead {
  return 'size' in result;
}

/**
 * Reads a file whose timestamps may not show that it is being written to, for `readLiveFile` to compare: one that a process
 * has mapped, or one that a coarse clock stamped.
 */
export function readEarlier({ absolute, expect }: LiveSource, most = MAX_BYTES): EarlierReading {
  let sha256 = '';
  try {
    const fd = openRegular(absolute);
    try {
      if (expect.size <= most) sha256 = hash('sha256', readWhole(fd, expect.size, most) ?? Buffer.alloc(0));
    } finally {
      closeQuietly(fd);
    }
  } catch {
    // Reported by the reading that counts.
  }
  return { sha256, atMs: monotonicMs() };
}

function readWhole(fd: number, size: number, most: number): Buffer | null {
  if (twin.length <= size) twin = Buffer.allocUnsafeSlow(size + 1);
  const read = readStated(fd, twin, 0, size);
  const content = twin.subarray(0, read);
  return read > size ? readOn(fd, content, most) : content;
}

/** Whether a file must be read twice, for its timestamps may not show that it is being written to. */
export function isDoubtful({ mapped, expect }: LiveSource, nowMs: number): boolean {
  return mapped || isCoarselyFresh(expect.mtimeNs, nowMs);
}

export interface ReadOptions {
  /** Bytes that it may have by now; a larger one is not read. */
  most?: number;
  /** Guards against directories that became links; null trusts whoever can write to the state directory. */
  place?: PathGuard | null;
  /** Of a file that is doubtful: what was read before. Absent for every other. */
  earlier?: EarlierReading | undefined;
}

/**
 * Reads one live file, of a size that fits into memory, in four system calls where nobody is writing to it. Nothing is
 * ever returned as `ok` that was not one state of the file. Blocks the thread: made for workers.
 *
 * The scan's look at the file, and the earlier reading, must be a tick of the clock ago: see `waitForTick`.
 *
 * @param source what the scan saw
 * @param into where the content goes if there is room for it, from `offset` to the end; nothing after the content is
 *   promised to stay as it was
 */
export function readLiveFile(
  source: LiveSource,
  into: Buffer,
  offset: number,
  { most = MAX_BYTES, place = null, earlier }: ReadOptions = {},
): ReadResult {
  const { absolute, expect } = source;
  let fd: number;
  try {
    fd = openRegular(absolute);
  } catch (error) {
    return readFailure(error);
  }
  try {
    const file: OpenFile = { fd, source, into, offset, most, place, earlier };
    if (expect.size > most || expect.size >= into.length - offset)
      return readChanging(file, fstatSync(fd, { bigint: true }));
    const read = readStated(fd, into, offset, expect.size);
    const stat = fstatSync(fd, { bigint: true });
    const asSeen = read === expect.size && isSameState(stat, expect);
    if (asSeen && (earlier === undefined || hash('sha256', into.subarray(offset, offset + read)) === earlier.sha256))
      return { status: 'ok', detail: '', size: read, overflow: null, attributes: null, replaced: null };
    return readChanging(file, stat);
  } catch (error) {
    return readFailure(error);
  } finally {
    closeQuietly(fd);
  }
}

interface OpenFile extends Required<Omit<ReadOptions, 'earlier'>>, Pick<ReadOptions, 'earlier'> {
  fd: number;
  source: LiveSource;
  into: Buffer;
  offset: number;
}

/** Reads a file that has changed since the scan, or is being changed, or is too doubtful or too large for the short way. */
function readChanging(file: OpenFile, first: BigIntStats): ReadResult {
  const { fd, source, into, offset, most, place } = file;
  const { expect } = source;
  if (!first.isFile() || place?.hasLost(fd, first, source))
    return { status: 'deleted', detail: 'something else took its place' };
  const replaced = !isSameFile(first, expect);
  const growth = new GrowthWatch();
  let seenMs = monotonicMs();
  let earlier = file.earlier;
  for (let before = first, attempt = 0; ; attempt++) {
    const whole = Number(before.size);
    // A file that outgrew the memory is read as long as the scan saw it.
    const size = whole > most && !replaced ? Math.min(whole, expect.size) : whole;
    if (size > most) return { status: 'unreadable', detail: tooLarge(whole, expect.size) };
    const room = size < into.length - offset ? into.subarray(offset) : Buffer.allocUnsafeSlow(size + 1);
    const look = { before, seenMs, earlier };
    const { content, intact, stable, longer } = readOnce(file, look, room, size);
    if (content === null)
      return { status: 'unreadable', detail: `it holds more than its size says, over ${most} bytes` };
    earlier = earlierOf(content, earlier);
    growth.saw(content, stable, longer);
    const isLast = attempt === PAUSES_MS.length;
    // A writer that just added the beginning of a line is about to add its end.
    const isLineOpen = growth.onlyGrew && isUnfinishedText(content);
    if (isLast || (intact && !isLineOpen)) {
      const status = intact ? validateStill(expect, first, before) : validateChanging(content, growth.onlyGrew);
      if (size < whole && status.status === 'inconsistent')
        return { status: 'unreadable', detail: tooLarge(whole, expect.size) };
      const attributes = isSameState(before, expect) ? null : attributesOf(before);
      const overflow = content.buffer === into.buffer ? null : content.subarray(0, status.size ?? content.length);
      return {
        size: content.length,
        ...status,
        overflow,
        attributes,
        replaced: replaced ? { dev: before.dev, ino: before.ino } : null,
      };
    }
    pause(PAUSES_MS[attempt] ?? 0);
    const now = fstatSync(fd, { bigint: true });
    if (!isSameState(now, identityOf(before))) seenMs = monotonicMs();
    before = now;
  }
}

/** The first of equal readings, one after the other. */
function earlierOf(content: Buffer, earlier: EarlierReading | undefined): EarlierReading {
  const sha256 = hash('sha256', content);
  return earlier?.sha256 === sha256 ? earlier : { sha256, atMs: monotonicMs() };
}

function tooLarge(size: number, expected: number): string {
  return size > expected
    ? `it grew from ${expected} to ${size} bytes after it was listed`
    : `the name under which its ${size} bytes were to be read is gone, and here they have no room`;
}

interface Look {
  before: BigIntStats;
  /** When it was seen like that first, by `monotonicMs`. */
  seenMs: number;
  earlier: EarlierReading | undefined;
}

interface Attempt {
  /** What was read; null when it is more than is stated and than may be. */
  content: Buffer | null;
  /** It is one state of the file. */
  intact: boolean;
  /** A second reading gave the same. */
  stable: boolean;
  /** The file had grown by then. */
  longer: boolean;
}

/** One attempt, of `size` bytes, which `room` has room for and one more. */
function readOnce({ fd, source, most }: OpenFile, look: Look, room: Buffer, size: number): Attempt {
  const { before, seenMs, earlier } = look;
  // A database in a state that the scan did not see is whole only if nothing belongs to it besides its file.
  const isBusyDatabase = source.idleDatabase && !isSameState(before, source.expect) && !stillIdle(source.absolute);
  const beganMs = monotonicMs();
  const wallMs = Date.now();
  const read = readStated(fd, room, 0, size);
  const after = fstatSync(fd, { bigint: true });
  const longer = after.size > before.size;
  const isPart = longer || size < Number(before.size);
  const unchanged = !isPart && isSameState(after, identityOf(before));
  const content =
    read > size && !isPart ? readOn(fd, room.subarray(0, read), most) : room.subarray(0, Math.min(read, size));
  if (content === null || isBusyDatabase) return { content, intact: false, stable: false, longer };
  const asStated = content.length === size;
  if (!asStated && !unchanged) return { content, intact: false, stable: false, longer };
  const isAged = beganMs - seenMs >= CLOCK_TICK_MS;
  const doubtful = source.mapped || isCoarselyFresh(before.mtimeNs, wallMs);
  if (unchanged && asStated && !doubtful && (isAged || !isWithinGranularity(before.mtimeNs, wallMs)))
    return { content, intact: true, stable: true, longer };
  const stable = readsTheSame(fd, content, asStated);
  if (!unchanged || !stable) return { content, intact: false, stable, longer };
  if (doubtful) {
    const equal = earlier?.sha256 === hash('sha256', content);
    return { content, intact: equal && beganMs - (earlier?.atMs ?? beganMs) >= CLOCK_TICK_MS, stable, longer };
  }
  // Two equal readings, one after the other, are one state of the file, whatever its timestamps say. That is enough for
  // a file that was renamed into place after it was written (a write in place leaves both times equal), and for one whose
  // size says nothing; who was writing in place just now is probably not done yet.
  return { content, intact: !asStated || before.ctimeNs !== before.mtimeNs, stable, longer };
}

/** @param asStated whether it is as long as its size says; else it must end there again */
function readsTheSame(fd: number, content: Buffer, asStated: boolean): boolean {
  const { length } = content;
  if (twin.length <= length) twin = Buffer.allocUnsafeSlow(length + 1);
  const read = readExactly(fd, twin, 0, asStated ? length : length + 1, 0);
  return read === length && content.compare(twin, 0, length) === 0;
}

/** Of a file that was read in one state. */
function validateStill(expect: FileIdentity, first: BigIntStats, last: BigIntStats): Validation {
  // A file that was replaced as a whole since the scan was not seen changing, nor one that was merely too fresh.
  if (isSameState(last, isSameFile(first, expect) ? expect : identityOf(first))) return { status: 'ok', detail: '' };
  return { status: 'retried', detail: 'it changed after it was listed; then it was read in one piece' };
}

/** Of a file that was never unchanged. What only grows is, up to where it ended, the file as it was at that moment. */
function validateChanging(content: Buffer, onlyGrew: boolean): Validation {
  if (!onlyGrew) return { status: 'inconsistent', detail: `it changed at each of ${PAUSES_MS.length + 1} attempts` };
  if (!isText(content)) return { status: 'inconsistent', detail: growingDetail(content.length) };
  const size = lastWholeLine(content, 0, content.length);
  return { status: 'truncated', detail: trimmedDetail(content.length - size), size };
}
