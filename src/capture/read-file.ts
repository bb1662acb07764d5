import { type BigIntStats, fstatSync } from 'node:fs';
import { GrowthWatch, growingDetail, isText, isUnfinishedText, lastWholeLine, trimmedDetail } from './append-only.ts';
import type { FileIdentity, FileKey, LiveSource } from './capture-item.ts';
import {
  attributesOf,
  type FileAttributes,
  identityOf,
  isSameFile,
  isSameState,
  isTooFresh,
  pause,
} from './file-state.ts';
import { closeQuietly, openRegular, readExactly, readFailure } from './open-regular.ts';
import type { RealPlace } from './real-place.ts';
import { stillQuiet } from './sqlite/quiet-database.ts';
import type { SystemReason } from './system-reason.ts';

/** A file that was read into memory. */
export interface FileRead {
  verdict: 'clean' | 'retried' | 'trimmed' | 'changed';
  /** What happened, for every verdict but `clean`. */
  detail: string;
  size: number;
  /** The content where it did not fit into the caller's buffer; null: it stands there, from the offset that was given. */
  overflow: Buffer | null;
  /** The attributes of what was read, where they are not those that the scan saw; else null. */
  attributes: FileAttributes | null;
  /** The file that was read, if it is another than the scan saw: other names of that one are not names of this one. */
  replaced: FileKey | null;
}

export type ReadResult = FileRead | SystemReason;

/** How a reading went, with the size of what of it is kept where that is not all. */
type Judgement = Pick<FileRead, 'verdict' | 'detail'> & { size?: number };

/** How long to wait before each further attempt. A writer of small files is done in one of these pauses. */
const PAUSES_MS = [2, 8, 15, 25];

/** A file that the scan saw as a small one and that has grown beyond this is not drawn into memory any more. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Holds the second reading of a file that is too fresh to trust its timestamps. */
let twin = Buffer.allocUnsafeSlow(64 * 1024);

/** Tells a file that was read from one that is lost. */
export function isRead(result: ReadResult): result is FileRead {
  return 'size' in result;
}

/**
 * Reads one live file, of a size that fits into memory, in four system calls where nobody is writing to it. Nothing is
 * ever returned as `clean` that was not one state of the file. Blocks the thread: made for workers.
 *
 * @param source what the scan saw
 * @param into where the content goes if there is room for it, from `offset` to the end; nothing behind the content is
 *   promised to stay as it was
 * @param most bytes that it may have by now; a larger one is not read
 * @param place guards against directories that became links; null trusts whoever can write to the state directory
 */
export function readLiveFile(
  source: LiveSource,
  into: Buffer,
  offset: number,
  most = MAX_BYTES,
  place: RealPlace | null = null,
): ReadResult {
  const { absolute, expect } = source;
  const began = Date.now();
  let fd: number;
  try {
    fd = openRegular(absolute);
  } catch (error) {
    return readFailure(error);
  }
  try {
    if (expect.size > Math.min(most, into.length - offset))
      return readRestless(fd, fstatSync(fd, { bigint: true }), source, into, offset, most, place);
    const read = expect.size === 0 ? 0 : readExactly(fd, into, offset, expect.size, 0);
    const stat = fstatSync(fd, { bigint: true });
    if (read !== expect.size || !isSameState(stat, expect) || isTooFresh(expect.mtimeNs, began)) {
      return readRestless(fd, stat, source, into, offset, most, place);
    }
    return { verdict: 'clean', detail: '', size: read, overflow: null, attributes: null, replaced: null };
  } catch (error) {
    return readFailure(error);
  } finally {
    closeQuietly(fd);
  }
}

/** Reads a file that has changed since the scan, or is being changed, or is too fresh or too large for the short way. */
function readRestless(
  fd: number,
  first: BigIntStats,
  source: LiveSource,
  into: Buffer,
  offset: number,
  most: number,
  place: RealPlace | null,
): ReadResult {
  const { expect } = source;
  if (!first.isFile() || place?.hasLost(fd, first, source))
    return { verdict: 'vanished', detail: 'something else took its place' };
  const replaced = !isSameFile(first, expect);
  const growth = new GrowthWatch();
  for (let before = first, attempt = 0; ; attempt++) {
    const whole = Number(before.size);
    // A file that outgrew the memory is read as long as the scan saw it.
    const size = whole > most && !replaced ? Math.min(whole, expect.size) : whole;
    if (size > most) return { verdict: 'unreadable', detail: tooLarge(whole, expect.size) };
    const fits = size <= into.length - offset;
    const buffer = fits ? into : Buffer.allocUnsafeSlow(size);
    const at = fits ? offset : 0;
    const { read, sound, stable, longer } = readOnce(fd, before, source, buffer, at, size);
    const content = buffer.subarray(at, at + read);
    growth.saw(content, stable, longer);
    const isLast = attempt === PAUSES_MS.length;
    // Who just added the beginning of a line is about to add its end.
    const awaited = growth.onlyGrew && isUnfinishedText(content);
    if (isLast || (sound && !awaited)) {
      const verdict = sound ? judgeStill(expect, first, before) : judgeRestless(content, growth.onlyGrew);
      if (read < whole && verdict.verdict === 'changed')
        return { verdict: 'unreadable', detail: tooLarge(whole, expect.size) };
      const attributes = isSameState(before, expect) ? null : attributesOf(before);
      const overflow = fits ? null : content.subarray(0, verdict.size ?? read);
      return {
        size: read,
        ...verdict,
        overflow,
        attributes,
        replaced: replaced ? { dev: before.dev, ino: before.ino } : null,
      };
    }
    pause(PAUSES_MS[attempt] ?? 0);
    before = fstatSync(fd, { bigint: true });
  }
}

function tooLarge(size: number, expected: number): string {
  return size > expected
    ? `it grew from ${expected} to ${size} bytes after it was listed`
    : `the name under which its ${size} bytes were to be read is gone, and here they have no room`;
}

/**
 * One attempt. It is sound when what was read is one state of the file; stable when a second reading gave the same;
 * longer when the file did not end there by then.
 */
function readOnce(fd: number, before: BigIntStats, source: LiveSource, buffer: Buffer, at: number, size: number) {
  // A database in a state that the scan did not see is whole only if nothing belongs to it besides its file.
  const restlessDatabase = source.quietDatabase && !isSameState(before, source.expect) && !stillQuiet(source.absolute);
  const began = Date.now();
  const read = readExactly(fd, buffer, at, size, 0);
  const after = fstatSync(fd, { bigint: true });
  const longer = Number(after.size) > size;
  if (read !== size || restlessDatabase) return { read, sound: false, stable: false, longer };
  const unchanged = !longer && isSameState(after, identityOf(before));
  if (unchanged && !isTooFresh(before.mtimeNs, began)) return { read, sound: true, stable: true, longer };
  const stable = readsTheSame(fd, buffer, at, size);
  // Two equal readings, one after the other, are one state of the file, whatever its timestamps say. That is enough for
  // a file that was renamed into place after it was written (a write in place leaves both times equal); who was writing
  // in place just now is probably not done yet.
  return { read, sound: unchanged && stable && before.ctimeNs !== before.mtimeNs, stable, longer };
}

function readsTheSame(fd: number, buffer: Buffer, at: number, size: number): boolean {
  if (twin.length < size) twin = Buffer.allocUnsafeSlow(size);
  const read = readExactly(fd, twin, 0, size, 0);
  return read === size && buffer.compare(twin, 0, size, at, at + size) === 0;
}

/** Of a file that was read in one state. */
function judgeStill(expect: FileIdentity, first: BigIntStats, last: BigIntStats): Judgement {
  // A file that was replaced as a whole since the scan was not seen changing, nor one that was merely too fresh.
  if (isSameState(last, isSameFile(first, expect) ? expect : identityOf(first)))
    return { verdict: 'clean', detail: '' };
  return { verdict: 'retried', detail: 'it changed after it was listed; then it was read in one piece' };
}

/** Of a file that never stood still. What only grows is, up to where it ended, the file as it was at that moment. */
function judgeRestless(content: Buffer, onlyGrew: boolean): Judgement {
  if (!onlyGrew) return { verdict: 'changed', detail: `it changed at each of ${PAUSES_MS.length + 1} attempts` };
  if (!isText(content)) return { verdict: 'changed', detail: growingDetail(content.length) };
  const size = lastWholeLine(content, 0, content.length);
  return { verdict: 'trimmed', detail: trimmedDetail(content.length - size), size };
}
