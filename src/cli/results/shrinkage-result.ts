import type { HeldAmount, Shrinkage } from '../../index.ts';
import type { Result } from '../report/reporter.ts';
import { count, formatBytes } from '../text/amounts.ts';

/**
 * Adds to the result that a snapshot holds much less than the one before it.
 *
 * @param maxShrink what was asked for; null when it is worth a note only
 */
export function withShrinkage(result: Result, shrunk: Shrinkage | null, maxShrink: number | null): Result {
  const fields = { ...result.fields, shrunk };
  if (shrunk === null) return { ...result, fields };
  const line = `it holds much less than ${shrunk.since}: ${amount(shrunk.after)}; before ${amount(shrunk.before)}`;
  if (maxShrink === null) return { ...result, fields, lines: [...result.lines, `  note: ${line}`] };
  return { ...result, status: 3, fields, incomplete: [...(result.incomplete ?? []), line] };
}

function amount({ files, bytes }: HeldAmount): string {
  return `${count(files, 'file')}, ${formatBytes(bytes)}`;
}
