import { readExactly } from './open-regular.ts';

const NEWLINE = 0x0a;
const STEP = 64 * 1024;

/** Whether a file is one that programs only ever append lines to, going by its name. */
export function isAppendOnly(path: string): boolean {
  return path.endsWith('.jsonl') || path.endsWith('.log');
}

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
