import { hash } from 'node:crypto';
import { readExactly } from './open-regular.ts';

const NEWLINE = 0x0a;
const STEP = 64 * 1024;

/** How much of either end of a growing file is looked at to distinguish text from other content. */
const TEXT_PROBE = 4096;

/**
 * Length up to which the content consists of whole lines.
 *
 * Content without any newline is kept as it is: it is not a log of lines, or one line that was never ended, and cutting
 * it would leave nothing of the file.
 */
export function lastWholeLine(buffer: Buffer, offset: number, size: number): number {
  if (size === 0 || buffer[offset + size - 1] === NEWLINE) return size;
  const newline = buffer.subarray(offset, offset + size).lastIndexOf(NEWLINE);
  return newline < 0 ? size : newline + 1;
}

/** The same for a file that is too large for memory: reads backwards from its end. */
export function lastWholeLineOf(fd: number, size: number): number {
  const step = Buffer.allocUnsafe(Math.min(STEP, size));
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - STEP);
    const read = readExactly(fd, step, 0, end - start, start);
    const newline = step.subarray(0, read).lastIndexOf(NEWLINE);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return size;
}

/** Whether content is text, going by both of its ends: UTF-8 without a NUL. Its last character may be a part of one. */
export function isText(content: Buffer): boolean {
  if (content.length <= 2 * TEXT_PROBE) return isTextPart(content, 0);
  return isTextPart(content.subarray(0, TEXT_PROBE), 0) && isTextPart(content.subarray(-TEXT_PROBE), 3);
}

/** The same for the first `size` bytes of a file that is too large for memory. */
export function isTextFile(fd: number, size: number): boolean {
  const probe = Buffer.allocUnsafe(Math.min(TEXT_PROBE, size));
  const head = probe.subarray(0, readExactly(fd, probe, 0, probe.length, 0));
  if (!isTextPart(head, 0)) return false;
  return isTextPart(probe.subarray(0, readExactly(fd, probe, 0, probe.length, size - probe.length)), 3);
}

/** @param most bytes at the beginning that may be the end of a character */
function isTextPart(bytes: Buffer, most: number): boolean {
  let start = 0;
  while (start < most && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  if (bytes.includes(0)) return false;
  try {
    // As a stream: a character that is not complete at the end is no error.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start), { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Whether content ends in the middle of a line of text. */
export function isUnfinishedText(content: Buffer): boolean {
  return lastWholeLine(content, 0, content.length) < content.length && isText(content);
}

/**
 * What is said of a log that was captured while it grew.
 *
 * @param unfinished whether it is captured to the middle of a line, for it was known too late that it grows
 */
export function trimmedDetail(cut: number, unfinished = false): string {
  if (cut > 0) return `it is growing, and its last line was incomplete: ${cut} bytes of it are not in the snapshot`;
  return `it is growing; captured as long as it was when opened${unfinished ? ', to the middle of a line' : ''}`;
}

/** What is said of a file of another sort that did so: nothing shows whether it is whole at any moment before its last. */
export function growingDetail(size: number): string {
  return `it kept growing while it was read: the snapshot holds its first ${size} bytes`;
}

/**
 * Finds over several readings of one file whether all that happened to it is that bytes were added at its end: what was
 * read before is still there, byte for byte, and the file is longer than that.
 */
export class GrowthWatch {
  #last: { size: number; digest: string } | null = null;
  #grew = false;
  #rewritten = false;

  /** Whether the file was seen to grow, and nothing else was seen to happen to it. */
  get onlyGrew(): boolean {
    return this.#grew && !this.#rewritten;
  }

  /**
   * Takes in what one attempt read.
   *
   * @param content all that was read
   * @param stable whether a second reading gave the same
   * @param longer whether the file was longer than that by then
   */
  saw(content: Buffer, stable: boolean, longer: boolean): void {
    const last = this.#last;
    if (!stable || (last !== null && hash('sha256', content.subarray(0, last.size)) !== last.digest))
      this.#rewritten = true;
    if (longer || (last !== null && content.length > last.size)) this.#grew = true;
    this.#last = { size: content.length, digest: hash('sha256', content) };
  }
}
